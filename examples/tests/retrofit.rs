//! The retrofit examples: the same answers before and after, and nothing left to forget.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

fn run(program: &str) {
    let output = Command::new(program).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    let said = |line: &str| -> String {
        let found = stdout.lines().find_map(|l| l.strip_prefix(line));
        found.unwrap_or_else(|| panic!("no {line} in\n{stdout}")).trim().to_owned()
    };
    assert_eq!(said("before: the USA's revenue"), "523.06");
    assert_eq!(said("before: with the WHERE forgotten"), "2328.60", "every company's revenue");
    assert_eq!(said("after:  the USA's revenue"), "523.06");
    assert_eq!(said("after:  nothing to forget"), "523.06");
    assert_eq!(said("before: the best customer"), said("after:  the best customer"));
}

#[test]
fn the_diesel_repository_gives_the_same_answers_and_forgets_nothing() {
    run(env!("CARGO_BIN_EXE_retrofit-diesel"));
}

#[test]
fn the_seaorm_repository_gives_the_same_answers_and_forgets_nothing() {
    run(env!("CARGO_BIN_EXE_retrofit-seaorm"));
}

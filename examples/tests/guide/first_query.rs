//! `docs/first-query.md`: what its programs say, and its steps as they are typed.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::pages::{self, Block};

fn blocks() -> Vec<Block> {
    pages::split(&pages::text("docs/first-query.md")).0
}

/// What the page promises that the programs say.
fn promised() -> String {
    let said = |block: &Block| block.comment.as_ref().is_some_and(|c| c.starts_with("said by "));
    blocks().into_iter().find(said).expect("the page shows what the programs say").text
}

fn stdout(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    stdout
}

#[test]
fn both_programs_say_what_the_page_promises() {
    for program in
        [env!("CARGO_BIN_EXE_first-query-seaorm"), env!("CARGO_BIN_EXE_first-query-diesel")]
    {
        assert_eq!(stdout(&Command::new(program).output().unwrap()), promised(), "{program}");
    }
}

/// The page's program is the whole program: what stands above it in the file are comments and lints.
#[test]
fn the_page_shows_the_whole_programs() {
    for orm in ["seaorm", "diesel"] {
        let file = format!("examples/src/bin/first-query-{orm}.rs");
        let program = program(orm);
        let head =
            pages::text(&file).strip_suffix(&program).expect("the page ends as it").to_owned();
        let is_code = |line: &&str| !line.starts_with("//!") && !line.starts_with("#![");
        assert_eq!(head.lines().filter(|line| !line.is_empty()).find(is_code), None, "{file}");
    }
}

fn program(orm: &str) -> String {
    let from = format!("from examples/src/bin/first-query-{orm}.rs");
    let block = blocks().into_iter().find(|block| block.comment.as_ref() == Some(&from));
    block.expect("the page shows the program").text
}

/// Types the lines of the steps for an ORM one after the other, beside the clone that is `tenant`.
fn follow(orm: &str) {
    let folder = tempfile::tempdir().unwrap();
    let root = pages::root().canonicalize().unwrap();
    std::os::unix::fs::symlink(root, folder.path().join("tenant")).unwrap();
    let mut here = folder.path().to_owned();
    let step = format!("step: {orm}");
    let mut said = String::new();
    for block in blocks().iter().filter(|block| block.comment.as_ref() == Some(&step)) {
        for line in block.text.lines() {
            if let Some(to) = line.strip_prefix("cd ") {
                here.push(to);
            } else {
                said = stdout(&typed(line, &here));
            }
        }
        if !here.join("Cargo.lock").exists() {
            // The same versions as everywhere else, without asking a registry.
            fs::copy(pages::root().join("Cargo.lock"), here.join("Cargo.lock")).unwrap();
        }
        fs::write(here.join("src/main.rs"), program(orm)).unwrap();
    }
    assert_eq!(said, promised());
}

fn typed(line: &str, here: &Path) -> Output {
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("cargo"), "{line}");
    Command::new(env!("CARGO"))
        .args(words)
        .current_dir(here)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-query"))
        // What the outer cargo sets for its own crates would rebuild everything.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap()
}

#[test]
#[ignore = "compiles SeaORM anew: cargo test -p tenant-examples --test guide -- --ignored the_steps"]
fn the_steps_for_seaorm_lead_to_the_first_query() {
    follow("seaorm");
}

#[test]
#[ignore = "compiles Diesel anew: cargo test -p tenant-examples --test guide -- --ignored the_steps"]
fn the_steps_for_diesel_lead_to_the_first_query() {
    follow("diesel");
}

//! Programs that must not compile, each for the reason that its file says, and each with a twin
//! that differs in one line and compiles.
//!
//! A case is a file in `tests/compile-fail/<adapter>/` whose name is the guarantee. Its `//! error:`
//! line is part of what the compiler must say
//! first (it shortens paths as it likes), its `//! help:` lines what it must say somewhere below
//! that. Of its lines marked `//~ fail` and `//~ twin`, the case has the former and the twin the
//! latter. All of them are checked by one run of cargo, together with the snippets of the
//! README.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod case;
mod check;
mod readme;

use std::path::Path;

use case::Case;

fn run(adapter: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile-fail").join(adapter);
    let cases = Case::all_in(&folder);
    assert!(cases.len() >= 10, "only {} cases in {}", cases.len(), folder.display());
    let errors = check::check(adapter, &cases, &readme::programs(adapter));
    let complaints: Vec<String> = cases
        .iter()
        .flat_map(|case| case.complaints(&errors))
        .chain(readme::complaints(adapter, &errors))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn diesel_refuses_what_it_must_and_says_why() {
    run("diesel");
}

#[test]
fn seaorm_refuses_what_it_must_and_says_why() {
    run("seaorm");
}

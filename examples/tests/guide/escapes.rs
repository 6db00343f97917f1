//! `docs/escapes.md` lists every call that leaves a wall out.

use std::{fs, path::Path};

use crate::pages;

/// The names of public functions that end in `_unchecked`, in a folder of sources.
fn escapes_in(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            escapes_in(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).unwrap();
            let names =
                text.split("pub fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            // `is_…` asks whether one was used.
            let escapes = names.filter(|n| n.ends_with("_unchecked") && !n.starts_with("is_"));
            found.extend(escapes.map(str::to_owned));
        }
    }
}

#[test]
fn every_escape_is_listed() {
    let crates = [
        "tenant-core",
        "tenant-diesel",
        "tenant-seaorm",
        "tenant-axum",
        "tenant-testkit",
        "tenant-cli",
    ];
    let mut escapes = Vec::new();
    for name in crates {
        escapes_in(&pages::root().join(name).join("src"), &mut escapes);
    }
    escapes.sort();
    escapes.dedup();
    assert!(escapes.len() >= 8, "{escapes:?}");
    let page = pages::text("docs/escapes.md");
    let missing: Vec<&String> =
        escapes.iter().filter(|name| !page.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

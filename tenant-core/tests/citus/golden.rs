//! The SQL itself, as it was reviewed: what `up` and `down` say on Citus and nowhere else.

use std::{collections::HashSet, fs, path::Path};

use tenant_core::{Isolation, Layout};

use crate::fixture::tenancy;

/// Set, the text is written instead of compared.
const WRITE: &str = "WRITE_CITUS_SQL";

/// The lines of the first text that the second one has not.
fn beyond(text: &str, usual: &str) -> String {
    let usual: HashSet<&str> = usual.lines().collect();
    let lines = text.lines().filter(|line| !usual.contains(line) && !is_hashed(line));
    lines.fold(String::new(), |all, line| all + line + "\n")
}

/// A line that only says which text was run.
fn is_hashed(line: &str) -> bool {
    line.starts_with("INSERT INTO tenancy.installed (kind, object, value) VALUES ('part'")
        || line.strip_prefix("-- ").is_some_and(|rest| rest.len() == 8)
}

#[test]
fn the_sql_is_the_one_that_was_reviewed() {
    let layout = Layout::new("shop").unwrap();
    let usual = Isolation::new(&tenancy(), &layout).unwrap();
    let citus = Isolation::new(&tenancy(), &layout.citus()).unwrap();
    let wanted = format!(
        "-- Of `up`, beyond the usual:\n{}\n-- Of `down`, beyond the usual:\n{}",
        beyond(&citus.up(), &usual.up()),
        beyond(&citus.down(), &usual.down())
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/citus/golden.sql");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "the SQL has changed: review it with {WRITE}=1 cargo test -p tenant-core --test citus golden"
    );
}

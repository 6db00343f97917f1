//! What nobody does for you, but should be looked at.

use super::{found::Found, walls::is_mended_by};
use crate::isolation::{Isolation, parts::parts};

pub(super) fn notes(isolation: &Isolation, found: &Found) -> Vec<String> {
    let parts = parts(isolation);
    let mut notes: Vec<String> = found
        .differences
        .iter()
        .filter(|difference| difference.kind != "index" && difference.kind != "table")
        .filter(|difference| !parts.iter().any(|part| is_mended_by(difference, part, found)))
        .map(|difference| format!("was changed by hand: {difference}"))
        .collect();
    for table in
        found.tables.iter().filter(|table| table.on_update && (!table.has_column || table.has_gaps))
    {
        notes.push(format!(
            "{} has triggers on UPDATE: for rows that get their tenant they fire unless a superuser runs the plan",
            table.found
        ));
    }
    notes.extend(found.advice.iter().cloned());
    notes
}

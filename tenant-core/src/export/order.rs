//! In which order tables are filled, and which columns of them only when the rest is there.

use std::collections::BTreeSet;

use super::{
    snapshot::MOST_BYTES,
    tables::{Table, Tables},
};

/// One table's turn.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its place among the tables.
    pub(crate) table: usize,
    /// Columns that are NULL at first and set when all tables are filled.
    pub(crate) later: BTreeSet<String>,
}

/// A foreign key that is checked with each statement, from one of the tables to one of them.
struct Edge {
    child: usize,
    parent: usize,
    /// The columns that can be NULL at first.
    later: Vec<String>,
}

/// `bytes` says how large each table's rows are in the export.
///
/// # Errors
/// The tables of a circle that cannot be entered anywhere.
pub(crate) fn order(tables: &Tables, bytes: &[u64]) -> Result<Vec<Step>, Vec<String>> {
    let at = |oid: i64| tables.all.iter().position(|table| table.found.oid == oid);
    let mut edges: Vec<Edge> = Vec::new();
    for key in tables.keys.iter().filter(|key| !key.deferrable) {
        if let (Some(child), Some(parent)) = (key.child.and_then(at), at(key.parent)) {
            // A statement's rows may refer to one another.
            let in_one =
                child == parent && bytes.get(child).is_some_and(|n| *n < MOST_BYTES as u64);
            if !in_one {
                let later = optional(&tables.all[child], &key.columns);
                edges.push(Edge { child, parent, later });
            }
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut left: Vec<usize> = (0..tables.all.len()).collect();
    let mut later = vec![BTreeSet::new(); tables.all.len()];
    while !left.is_empty() {
        let waits = |table: usize| {
            edges.iter().any(|edge| edge.child == table && left.contains(&edge.parent))
        };
        if let Some(ready) = left.iter().position(|table| !waits(*table)) {
            let table = left.remove(ready);
            steps.push(Step { table, later: std::mem::take(&mut later[table]) });
            continue;
        }
        let held = |edge: &Edge| left.contains(&edge.child) && left.contains(&edge.parent);
        let Some(cut) = edges.iter().position(|edge| held(edge) && !edge.later.is_empty()) else {
            return Err(left.iter().map(|t| tables.all[*t].label()).collect());
        };
        let Edge { child, later: columns, .. } = edges.remove(cut);
        later[child].extend(columns);
    }
    Ok(steps)
}

/// Those of a key's columns that may be NULL and say nothing of which row it is: none where the row
/// could not be found again.
fn optional(table: &Table, columns: &[String]) -> Vec<String> {
    let keys = &table.found.primary_key;
    if keys.is_empty() {
        return Vec::new();
    }
    let is_optional = |name: &&String| {
        !keys.contains(name) && table.column(name).is_some_and(|column| !column.not_null)
    };
    columns.iter().filter(is_optional).cloned().collect()
}

//! What differs in the rows of some keys: no others are read.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MoveError,
    compare::{Difference, Line},
    error::at,
    pair::{KEYS, Pair, hashes, of_keys},
};
use crate::{
    SessionError, TenantId,
    export::{
        digest::RowsDigest,
        snapshot::Snapshot,
        tables::{Column, Table},
    },
};

/// How the rows of some keys differ; its digest is over those of the source.
#[derive(Debug, Default)]
pub(super) struct OfKeys {
    pub(super) difference: Difference,
    /// The target's rows.
    pub(super) there: RowsDigest,
}

/// Compares the rows of these keys in one table.
pub(super) async fn compare_keys(
    source: &Snapshot,
    target: &Snapshot,
    pair: &Pair<'_>,
    keys: &BTreeSet<String>,
    tenant: &TenantId,
) -> Result<OfKeys, MoveError> {
    let read = format!("to compare {}", pair.to.label());
    let keys: Vec<String> = keys.iter().cloned().collect();
    let from = rows(source, pair.from, &pair.from_columns, &keys, tenant);
    let from = from.await.map_err(at(&read))?;
    let to = rows(target, pair.to, &pair.to_columns, &keys, tenant);
    let to = to.await.map_err(at(&read))?;
    let OfKeys { mut difference, mut there } = OfKeys::default();
    for (key, row) in &from {
        difference.digest.add(row.as_bytes());
        match to.get(key) {
            None => difference.missing.push(key.clone()),
            Some(other) if other != row => difference.changed.push(key.clone()),
            Some(_) => {}
        }
    }
    for (key, row) in &to {
        there.add(row.as_bytes());
        if !from.contains_key(key) {
            difference.extra.push(key.clone());
        }
    }
    Ok(OfKeys { difference, there })
}

/// The lines of the rows, by key: two keys that are written otherwise can be those of one row.
async fn rows(
    snapshot: &Snapshot,
    table: &Table,
    columns: &[&Column],
    keys: &[String],
    tenant: &TenantId,
) -> Result<BTreeMap<String, String>, SessionError> {
    let mut rows = BTreeMap::new();
    for keys in keys.chunks(KEYS) {
        let query = hashes(table, columns, &of_keys(table, keys, tenant));
        let cursor = snapshot.cursor(&query).await?;
        loop {
            let lines = cursor.next().await?;
            if lines.is_empty() {
                break;
            }
            for line in lines.into_iter().map(Line) {
                rows.insert(line.key().to_owned(), line.0);
            }
        }
    }
    Ok(rows)
}

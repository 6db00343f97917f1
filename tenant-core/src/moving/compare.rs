//! What differs between the two sides: all rows of both are read in the order of their keys, and only
//! hashes go over the wire.

use std::{cmp::Ordering, vec};

use super::{
    MoveError,
    error::at,
    pair::{Pair, hashes},
};
use crate::{
    SessionError, TenantId,
    export::{
        digest::RowsDigest,
        snapshot::{Cursor, Snapshot},
    },
};

/// The digits of a SHA-256.
const HASH: usize = 64;

/// How a table of the target differs from that of the source.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The source's rows.
    pub(super) digest: RowsDigest,
    /// The target has no row, and the source has some: all are to come.
    pub(super) all: bool,
    /// The keys of rows that are to be inserted, changed, deleted.
    pub(super) missing: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) extra: Vec<String>,
}

impl Difference {
    pub(super) fn is_none(&self) -> bool {
        !self.all && self.rows() == 0
    }

    /// How many rows, unless it is all of them.
    pub(super) fn rows(&self) -> usize {
        self.keys().count()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.missing.iter().chain(&self.changed).chain(&self.extra)
    }
}

/// Compares all tables.
pub(super) async fn compare(
    source: &Snapshot,
    target: &Snapshot,
    pairs: &[Pair<'_>],
    tenant: &TenantId,
) -> Result<Vec<Difference>, MoveError> {
    let mut differences = Vec::new();
    for pair in pairs {
        let label = pair.to.label();
        let read = format!("to compare {label}");
        let rows = format!("SELECT 1 AS x {} LIMIT 1", pair.to.of_tenant(tenant));
        let empty = target.session.rows(&rows, &[]).await.map_err(at(&read))?.is_empty();
        let rows = format!("SELECT 1 AS x {} LIMIT 1", pair.from.of_tenant(tenant));
        let some = !source.session.rows(&rows, &[]).await.map_err(at(&read))?.is_empty();
        differences.push(match (empty, some) {
            (true, true) => Difference { all: true, ..Difference::default() },
            (true, false) => Difference::default(),
            _ => between(source, target, pair, tenant).await.map_err(at(&read))?,
        });
    }
    Ok(differences)
}

/// Compares all rows of one table.
pub(super) async fn between(
    source: &Snapshot,
    target: &Snapshot,
    pair: &Pair<'_>,
    tenant: &TenantId,
) -> Result<Difference, SessionError> {
    let rows = hashes(pair.from, &pair.from_columns, &pair.from.of_tenant(tenant));
    let mut from = Lines::open(source, &rows).await?;
    let rows = hashes(pair.to, &pair.to_columns, &pair.to.of_tenant(tenant));
    let mut to = Lines::open(target, &rows).await?;
    let mut difference = Difference::default();
    let (mut here, mut there) = (from.next().await?, to.next().await?);
    loop {
        let order = match (&here, &there) {
            (None, None) => return Ok(difference),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(here), Some(there)) => here.key().cmp(there.key()),
        };
        if let Some(row) = here.as_ref().filter(|_| order != Ordering::Greater) {
            difference.digest.add(row.0.as_bytes());
            if order == Ordering::Less {
                difference.missing.push(row.key().to_owned());
            } else if there.as_ref() != Some(row) {
                difference.changed.push(row.key().to_owned());
            }
        }
        if let Some(row) = there.as_ref().filter(|_| order == Ordering::Greater) {
            difference.extra.push(row.key().to_owned());
        }
        if order != Ordering::Greater {
            here = from.next().await?;
        }
        if order != Ordering::Less {
            there = to.next().await?;
        }
    }
}

/// A row: its key, a space and its hash.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line(pub(super) String);

impl Line {
    pub(super) fn key(&self) -> &str {
        let key = self.0.len().checked_sub(HASH + 1).and_then(|end| self.0.get(..end));
        key.unwrap_or_default()
    }
}

struct Lines<'s> {
    cursor: Cursor<'s>,
    batch: vec::IntoIter<String>,
    ended: bool,
}

impl<'s> Lines<'s> {
    async fn open(snapshot: &'s Snapshot, query: &str) -> Result<Self, SessionError> {
        let cursor = snapshot.cursor(query).await?;
        Ok(Self { cursor, batch: Vec::new().into_iter(), ended: false })
    }

    async fn next(&mut self) -> Result<Option<Line>, SessionError> {
        if self.batch.len() == 0 && !self.ended {
            self.batch = self.cursor.next().await?.into_iter();
            self.ended = self.batch.len() == 0;
        }
        Ok(self.batch.next().map(Line))
    }
}

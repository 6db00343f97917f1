//! Writes into the target what differs, in an order that its constraints take.

use super::{
    MoveError, Mover,
    compare::Difference,
    error::at,
    pair::{Pair, Rows, by_key, delete_keys, lines},
};
use crate::{
    SessionError, TenantId,
    erasure::delete_whole,
    export::{
        insert::{Batch, insert_sql, update_sql},
        order::{Step, order},
        snapshot::{MOST_BYTES, Snapshot},
        tables::{Column, literal},
    },
    quote::quoted,
};

/// So few rows can refer to one another within one statement.
const FEW: usize = 200;

/// How many keys one statement deletes.
const KEYS: usize = 2000;

/// In which order differences are written. A constraint that is checked with each statement can refuse
/// one of them: a child that goes to a new parent wants to be changed before the old one is deleted, and
/// a key that goes from one row to another wants to be deleted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    ChangesFirst,
    DeletesFirst,
    /// Everything again.
    Anew,
}

/// What is written into a table.
#[derive(Clone, Copy)]
struct Part<'d> {
    pair: &'d Pair<'d>,
    difference: &'d Difference,
}

struct Fill<'f> {
    mover: &'f Mover<'f>,
    source: &'f Snapshot,
    target: &'f Snapshot,
    parts: Vec<Part<'f>>,
    tenant: &'f TenantId,
}

/// Writes all of it, and says how many rows that were.
pub(super) async fn fill<'f>(
    mover: &'f Mover<'f>,
    source: &'f Snapshot,
    target: &'f Snapshot,
    pairs: &'f [Pair<'f>],
    differences: &'f [Difference],
) -> Result<usize, MoveError> {
    let parts = pairs.iter().zip(differences);
    let parts = parts.map(|(pair, difference)| Part { pair, difference }).collect();
    let fill = Fill { mover, source, target, parts, tenant: &mover.of.tenant };
    // Where there is nothing yet, no other order helps.
    let first = differences.iter().all(|difference| difference.rows() == 0);
    let orders = if first {
        &[Order::ChangesFirst][..]
    } else {
        &[Order::ChangesFirst, Order::DeletesFirst, Order::Anew]
    };
    let mut refused = None;
    for order in orders {
        let what = "the target's rows";
        target.session.batch("SAVEPOINT tenancy_rows").await.map_err(at(what))?;
        match fill.write(*order).await {
            Err(error @ MoveError::Refused { .. }) => {
                let back = "ROLLBACK TO SAVEPOINT tenancy_rows; RELEASE SAVEPOINT tenancy_rows";
                target.session.batch(back).await.map_err(at(what))?;
                refused = Some(error);
            }
            Err(error) => return Err(error),
            Ok(rows) => return Ok(rows),
        }
    }
    refused.map_or(Ok(0), Err)
}

impl Fill<'_> {
    async fn write(&self, order: Order) -> Result<usize, MoveError> {
        let all = |part: &Part<'_>| order == Order::Anew || part.difference.all;
        let mut bytes = Vec::new();
        for part in &self.parts {
            bytes.push(match () {
                () if all(part) => self.size(part.pair).await?,
                () if part.difference.missing.len() <= FEW => 0,
                () => u64::MAX,
            });
        }
        let steps = self::order(&self.target.tables, &bytes).map_err(MoveError::Cycle)?;
        self.batch("SET CONSTRAINTS ALL DEFERRED", "the constraints' deferral").await?;
        match order {
            Order::ChangesFirst => {}
            Order::DeletesFirst => self.delete(&steps).await?,
            Order::Anew => {
                let tables: Vec<_> = self.parts.iter().map(|part| &part.pair.to.found).collect();
                let sql = delete_whole(&tables, &literal(self.tenant));
                self.batch(&sql, "all tables").await?;
            }
        }
        let mut written = 0;
        for (step, later) in steps
            .iter()
            .map(|step| (step, false))
            .chain(steps.iter().filter(|step| !step.later.is_empty()).map(|step| (step, true)))
        {
            let Some(part) = self.parts.get(step.table) else { continue };
            let rows = if all(part) { Rows::All } else { Rows::Of(&part.difference.missing) };
            let as_one = bytes.get(step.table).is_some_and(|bytes| *bytes < MOST_BYTES as u64);
            let count = self.bring(part.pair, rows, as_one, step, later).await?;
            if !later {
                written += count;
            }
        }
        if order != Order::Anew {
            for part in &self.parts {
                written += self.change(part).await?;
                written += part.difference.extra.len();
            }
        }
        if order == Order::ChangesFirst {
            self.delete(&steps).await?;
        }
        self.batch("SET CONSTRAINTS ALL IMMEDIATE", "a deferred constraint").await?;
        Ok(written)
    }

    /// Inserts rows, or sets the columns of them that came later.
    async fn bring(
        &self,
        pair: &Pair<'_>,
        rows: Rows<'_>,
        as_one: bool,
        step: &Step,
        later: bool,
    ) -> Result<usize, MoveError> {
        let is_later = |column: &Column| step.later.contains(&column.name);
        let statement = |json: &str| {
            if !later {
                return insert_sql(pair.to, &pair.to_columns, &step.later, self.tenant, json);
            }
            let some: Vec<String> =
                step.later.iter().map(|name| format!("r.{} IS NOT NULL", quoted(name))).collect();
            let row = by_key(pair.to, self.tenant);
            let set = update_sql(pair.to, &pair.to_columns, is_later, &row, json);
            format!("{set} AND ({})", some.join(" OR "))
        };
        self.stream(pair, rows, as_one, statement).await
    }

    /// Changes the rows that are on both sides.
    async fn change(&self, part: &Part<'_>) -> Result<usize, MoveError> {
        let pair = part.pair;
        let statement = |json: &str| {
            let is_value = |column: &Column| pair.is_value(column);
            update_sql(pair.to, &pair.to_columns, is_value, &by_key(pair.to, self.tenant), json)
        };
        self.stream(pair, Rows::Of(&part.difference.changed), false, statement).await
    }

    /// Reads rows of the source and calls for each batch of them.
    async fn stream(
        &self,
        pair: &Pair<'_>,
        rows: Rows<'_>,
        as_one: bool,
        statement: impl Fn(&str) -> String,
    ) -> Result<usize, MoveError> {
        let label = pair.to.label();
        let read = format!("the rows of {}", pair.from.label());
        let total = match rows {
            Rows::All => 0,
            Rows::Of(keys) => keys.len() as u64,
        };
        let (mut batch, mut done) = (Batch::new(as_one), 0);
        for query in lines(pair, rows, self.tenant) {
            let cursor = self.source.cursor(&query).await.map_err(at(&read))?;
            loop {
                let lines = cursor.next().await.map_err(at(&read))?;
                if lines.is_empty() {
                    break;
                }
                for line in &lines {
                    batch.push(line);
                    if let Some((json, rows)) = batch.take(false) {
                        self.batch(&statement(&json), &label).await?;
                        done += rows;
                        self.mover.of.progress.tell(&label, done, total.max(done));
                    }
                }
            }
        }
        if let Some((json, rows)) = batch.take(true) {
            self.batch(&statement(&json), &label).await?;
            done += rows;
            self.mover.of.progress.tell(&label, done, total.max(done));
        }
        Ok(usize::try_from(done).unwrap_or(usize::MAX))
    }

    /// Deletes what the source has no more, children before parents.
    async fn delete(&self, steps: &[Step]) -> Result<(), MoveError> {
        for step in steps.iter().rev() {
            let Some(Part { pair, difference }) = self.parts.get(step.table) else { continue };
            for keys in difference.extra.chunks(KEYS) {
                let sql = delete_keys(pair.to, keys, self.tenant);
                self.batch(&sql, &pair.to.label()).await?;
            }
        }
        Ok(())
    }

    /// Bytes of all rows of a table, as they are read.
    async fn size(&self, pair: &Pair<'_>) -> Result<u64, MoveError> {
        let what = format!("the size of {}", pair.from.label());
        let lines = pair.from.lines(&pair.from_columns, crate::ExportFormat::NdJson, self.tenant);
        let sql = format!(
            "SELECT coalesce(sum(octet_length(l.line)), 0)::text AS bytes FROM ({lines}) AS l (line)"
        );
        let rows = self.source.session.rows(&sql, &[]).await.map_err(at(&what))?;
        let bytes = rows.first().and_then(|row| row.get("bytes")?.as_str()?.parse().ok());
        Ok(bytes.unwrap_or(u64::MAX))
    }

    async fn batch(&self, sql: &str, table: &str) -> Result<(), MoveError> {
        let refused = |source: SessionError| MoveError::Refused { table: table.to_owned(), source };
        self.target.session.batch(sql).await.map_err(refused)
    }
}

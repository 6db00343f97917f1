//! A table's rows, written in batches that each carry JSON: `COPY` is refused under row security.

use std::collections::BTreeSet;

use super::{
    ExportedTable, ImportError,
    archive::Archive,
    order::Step,
    records::Records,
    snapshot::{MOST_BYTES, Snapshot},
    tables::{Column, Table, Tables, literal},
};
use crate::{Reporter, SessionError, TenantId, quote::quoted, quote_literal};

/// Rows of one statement, unless they are to refer to one another.
const MOST_ROWS: usize = 5000;

/// A table here, and what the export has for it.
pub(super) struct Filling<'a> {
    archive: &'a Archive,
    pub(super) table: &'a Table,
    pub(super) exported: Option<&'a ExportedTable>,
    /// The export's columns, as they are here.
    pub(super) columns: Vec<&'a Column>,
}

impl<'a> Filling<'a> {
    /// Of all tables, in their order.
    ///
    /// # Errors
    /// [`ImportError::Schema`] for a column that is not here.
    pub(super) fn all(tables: &'a Tables, archive: &'a Archive) -> Result<Vec<Self>, ImportError> {
        tables
            .all
            .iter()
            .map(|table| {
                let exported = archive.manifest.tables.iter().find(|exported| table.is(exported));
                let names = exported.map_or(&[][..], |exported| &exported.columns);
                let columns = names
                    .iter()
                    .map(|column| {
                        let missing = || format!("{} has no {:?}", table.label(), column.name);
                        table.column(&column.name).ok_or_else(missing)
                    })
                    .collect::<Result<_, _>>()
                    .map_err(|missing| ImportError::Schema(vec![missing]))?;
                Ok(Self { archive, table, exported, columns })
            })
            .collect()
    }

    pub(super) fn bytes(&self) -> u64 {
        let files = self.exported.map_or(&[][..], |exported| &exported.files);
        files.iter().map(|file| file.bytes).sum()
    }

    /// Calls for each batch: its rows as a JSON array, and their number.
    async fn batches(
        &self,
        snapshot: &Snapshot,
        statement: impl Fn(&str) -> String,
        mut done: impl FnMut(u64),
    ) -> Result<(), ImportError> {
        let Some(exported) = self.exported else { return Ok(()) };
        let mut records = Records::new(self.archive, exported);
        // A small table goes in one statement, so that its rows may refer to one another.
        let mut batch = Batch::new(self.bytes() < MOST_BYTES as u64);
        let mut all = 0;
        loop {
            let record = records.next()?;
            let last = record.is_none();
            if let Some(record) = &record {
                batch.push(record);
            }
            if let Some((json, rows)) = batch.take(last) {
                let written = snapshot.session.batch(&statement(&json)).await;
                written.map_err(|source| refused(snapshot, self.table, source))?;
                all += rows;
                done(all);
            }
            if last {
                return Ok(());
            }
        }
    }
}

/// Rows on their way into a statement: the elements of a JSON array.
#[derive(Debug)]
pub(crate) struct Batch {
    elements: String,
    rows: usize,
    most_rows: usize,
}

impl Batch {
    /// `as_one` takes whatever comes, as far as it is not too many bytes.
    pub(crate) fn new(as_one: bool) -> Self {
        let most_rows = if as_one { usize::MAX } else { MOST_ROWS };
        Self { elements: String::new(), rows: 0, most_rows }
    }

    /// Adds a row, written as JSON.
    pub(crate) fn push(&mut self, row: &str) {
        if self.rows > 0 {
            self.elements.push(',');
        }
        self.elements.push_str(row);
        self.rows += 1;
    }

    /// Once it is full, or at the end: the array in SQL, and how many rows it has.
    pub(crate) fn take(&mut self, last: bool) -> Option<(String, u64)> {
        let full = self.rows >= self.most_rows || self.elements.len() >= MOST_BYTES;
        if self.rows == 0 || !(full || last) {
            return None;
        }
        let json = format!("{}::json", quote_literal(&format!("[{}]", self.elements)));
        self.elements.clear();
        Some((json, std::mem::take(&mut self.rows) as u64))
    }
}

/// Inserts a table's rows for this tenant; the columns that come later are NULL.
pub(super) async fn insert(
    snapshot: &Snapshot,
    filling: &Filling<'_>,
    step: &Step,
    tenant: &TenantId,
    progress: &Reporter,
) -> Result<(), ImportError> {
    let statement =
        |json: &str| insert_sql(filling.table, &filling.columns, &step.later, tenant, json);
    let label = filling.table.label();
    let total = filling.exported.map_or(0, |exported| exported.rows);
    filling.batches(snapshot, statement, |done| progress.tell(&label, done, total)).await
}

/// Sets the columns that were NULL, now that what they refer to is there.
pub(super) async fn set_later(
    snapshot: &Snapshot,
    filling: &Filling<'_>,
    step: &Step,
    tenant: &TenantId,
) -> Result<(), ImportError> {
    let later = |column: &Column| step.later.contains(&column.name);
    let statement = |json: &str| {
        let some: Vec<String> = filling
            .columns
            .iter()
            .filter(|column| later(column))
            .map(|c| format!("r.{} IS NOT NULL", quoted(&c.name)))
            .collect();
        let row = format!(" WHERE {}", same_row(filling.table, tenant));
        let set = update_sql(filling.table, &filling.columns, later, &row, json);
        format!("{set} AND ({})", some.join(" OR "))
    };
    filling.batches(snapshot, statement, |_| {}).await
}

/// Inserts a JSON array's rows for this tenant; the columns that come later are NULL.
pub(crate) fn insert_sql(
    table: &Table,
    columns: &[&Column],
    later: &BTreeSet<String>,
    tenant: &TenantId,
    json: &str,
) -> String {
    let now: Vec<&&Column> = columns.iter().filter(|c| !later.contains(&c.name)).collect();
    let mut names: Vec<String> = now.iter().map(|column| quoted(&column.name)).collect();
    let mut values: Vec<String> = now.iter().map(|column| column.value()).collect();
    names.push(table.found.column());
    values.push(literal(tenant));
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}",
        table.label(),
        names.join(", "),
        values.join(", "),
        recordset(json, columns)
    )
}

/// Sets some columns of the rows of a JSON array; `row` goes on so that `t` is the row of `r`.
pub(crate) fn update_sql(
    table: &Table,
    columns: &[&Column],
    is_set: impl Fn(&Column) -> bool,
    row: &str,
    json: &str,
) -> String {
    let set = columns.iter().filter(|column| is_set(column));
    let sets: Vec<String> = set.map(|c| format!("{} = {}", quoted(&c.name), c.value())).collect();
    format!(
        "UPDATE {} AS t SET {} FROM {}{row}",
        table.label(),
        sets.join(", "),
        recordset(json, columns),
    )
}

/// That `t` is the row whose key `r` has.
pub(crate) fn same_row(table: &Table, tenant: &TenantId) -> String {
    format!("t.{} = {}{}", table.found.column(), literal(tenant), same_key(table))
}

/// ` AND …`: that `t` has the key of `r`.
pub(crate) fn same_key(table: &Table) -> String {
    let keys = table.keys();
    let keys = keys.iter().map(|key| format!(" AND t.{} = {}", quoted(&key.name), key.value()));
    keys.collect::<Vec<_>>().concat()
}

/// A JSON array's rows, as `r`.
pub(crate) fn recordset(json: &str, columns: &[&Column]) -> String {
    if columns.is_empty() {
        return format!("json_array_elements({json}) AS r");
    }
    let definitions: Vec<String> = columns.iter().map(|column| column.definition()).collect();
    format!("json_to_recordset({json}) AS r ({})", definitions.join(", "))
}

/// A key that is taken is told apart: by the code, or, where the driver shows none, by the name.
fn refused(snapshot: &Snapshot, table: &Table, source: SessionError) -> ImportError {
    let unique = |name: &str| snapshot.unique.contains(name);
    let taken = match &source.sqlstate {
        Some(code) => code == "23505",
        None => source.constraint.as_deref().is_some_and(unique),
    };
    let table = table.label();
    if taken {
        ImportError::KeyTaken { table, source }
    } else {
        ImportError::Refused { table, source }
    }
}

//! A table's rows, written in batches that each carry JSON: `COPY` is refused under row security.

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
        let most_rows = if self.bytes() < MOST_BYTES as u64 { usize::MAX } else { MOST_ROWS };
        let (mut batch, mut rows, mut all) = (String::from("["), 0, 0);
        loop {
            let record = records.next()?;
            if let Some(record) = &record {
                if rows > 0 {
                    batch.push(',');
                }
                batch.push_str(record);
                rows += 1;
            }
            if rows > 0 && (record.is_none() || rows >= most_rows || batch.len() >= MOST_BYTES) {
                batch.push(']');
                let sql = statement(&format!("{}::json", quote_literal(&batch)));
                let written = snapshot.session.batch(&sql).await;
                written.map_err(|source| refused(snapshot, self.table, source))?;
                all += rows as u64;
                done(all);
                batch.truncate(1);
                rows = 0;
            }
            if record.is_none() {
                return Ok(());
            }
        }
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
    let label = filling.table.label();
    let now: Vec<&&Column> =
        filling.columns.iter().filter(|column| !step.later.contains(&column.name)).collect();
    let mut names: Vec<String> = now.iter().map(|column| quoted(&column.name)).collect();
    let mut values: Vec<String> = now.iter().map(|column| column.value()).collect();
    names.push(filling.table.found.column());
    values.push(literal(tenant));
    let (names, values) = (names.join(", "), values.join(", "));
    let statement = |json: &str| {
        let rows = recordset(json, &filling.columns);
        format!("INSERT INTO {label} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {rows}")
    };
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
    let table = filling.table;
    let later: Vec<&&Column> =
        filling.columns.iter().filter(|column| step.later.contains(&column.name)).collect();
    let sets: Vec<String> =
        later.iter().map(|c| format!("{} = {}", quoted(&c.name), c.value())).collect();
    let some: Vec<String> =
        later.iter().map(|c| format!("r.{} IS NOT NULL", quoted(&c.name))).collect();
    let keys: Vec<String> = table
        .found
        .primary_key
        .iter()
        .filter(|key| **key != table.found.tenant_column)
        .map(|key| format!(" AND t.{key} = r.{key}", key = quoted(key)))
        .collect();
    let statement = |json: &str| {
        format!(
            "UPDATE {} AS t SET {} FROM {} WHERE t.{} = {}{} AND ({})",
            table.label(),
            sets.join(", "),
            recordset(json, &filling.columns),
            table.found.column(),
            literal(tenant),
            keys.concat(),
            some.join(" OR ")
        )
    };
    filling.batches(snapshot, statement, |_| {}).await
}

/// A JSON array's rows, as `r`.
fn recordset(json: &str, columns: &[&Column]) -> String {
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

//! The end of an import: the sequences behind the tables' columns go on after what was imported, so
//! that the next insert does not meet it, and the audit log has it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ImportError, import::session_error, snapshot::Snapshot, tables::Table};
use crate::{AuditLog, AuditRecord, Error, JsonRow, SessionError, quote::quoted};

/// How long sequences are tried, which are in use by others.
const PATIENCE: Duration = Duration::from_secs(30);

/// Seconds between two attempts, at first and at last. Others have the sequences meanwhile.
const PAUSES: (f64, f64) = (0.05, 0.5);

/// The highest value of a column that a sequence is behind; the lowest, where it counts down.
struct Used {
    sequence: i64,
    value: String,
    table: String,
    column: String,
}

/// Raises the sequences behind these rows of each table, `FROM … AS t`, and writes the record, if there is one.
/// Both locks keep everybody out until the end of the transaction, so they come last, and neither is held while the
/// other is waited for.
pub(crate) async fn raise_and_record(
    snapshot: &Snapshot,
    rows: &(dyn Fn(&Table) -> Vec<String> + Sync),
    record: Option<&AuditRecord>,
) -> Result<(), ImportError> {
    let used = used(snapshot, rows).await?;
    let failed = |source| session_error("to raise the sequences", source);
    let until = Instant::now() + PATIENCE;
    let mut pause = PAUSES.0;
    loop {
        snapshot.session.batch("SAVEPOINT tenancy_end").await.map_err(failed)?;
        let busy = match raise(snapshot, &used).await? {
            Some(busy) => {
                ImportError::SequenceBusy { table: busy.table.clone(), column: busy.column.clone() }
            }
            None => match write(snapshot, record).await {
                Err(Error::Session { source }) if is_busy(&source) => {
                    Error::Session { source }.into()
                }
                written => return Ok(written?),
            },
        };
        if Instant::now() >= until {
            return Err(busy);
        }
        let back = "ROLLBACK TO SAVEPOINT tenancy_end; RELEASE SAVEPOINT tenancy_end";
        snapshot.session.batch(back).await.map_err(failed)?;
        let sleep = format!("SELECT pg_sleep({pause})::text AS slept");
        snapshot.session.rows(&sleep, &[]).await.map_err(failed)?;
        pause = (pause * 2.0).min(PAUSES.1);
    }
}

async fn write(snapshot: &Snapshot, record: Option<&AuditRecord>) -> Result<(), Error> {
    let Some(record) = record else { return Ok(()) };
    let source = |source| Error::Session { source };
    snapshot.session.batch("SET LOCAL lock_timeout = '500ms'").await.map_err(source)?;
    AuditLog::new(&*snapshot.session).record(record).await?;
    Ok(())
}

fn is_busy(error: &SessionError) -> bool {
    error.sqlstate.as_deref() == Some("55P03")
}

/// Raises all that are behind, or none: then the one that somebody else uses comes back.
async fn raise<'u>(snapshot: &Snapshot, used: &'u [Used]) -> Result<Option<&'u Used>, ImportError> {
    if used.is_empty() {
        return Ok(None);
    }
    let failed = |source| session_error("to raise the sequences", source);
    let sequences: Vec<String> = used.iter().map(|used| used.sequence.to_string()).collect();
    let values: Vec<String> = used.iter().map(|used| format!("'{}'", used.value)).collect();
    let sql = format!(
        "SELECT r.state, r.which FROM tenancy.raise_sequences(\
         ARRAY[{}]::oid[]::regclass[], ARRAY[{}]::bigint[]) AS r",
        sequences.join(", "),
        values.join(", ")
    );
    let rows = snapshot.session.rows(&sql, &[]).await.map_err(failed)?;
    let row = rows.first();
    let state = row.map(|row| text(row, "state")).unwrap_or_default();
    let which = row.and_then(|row| row.get("which")).and_then(Value::as_u64);
    let which = which.and_then(|which| used.get(usize::try_from(which).ok()?.checked_sub(1)?));
    match (state.as_str(), which) {
        ("raised", _) => Ok(None),
        ("busy", Some(used)) => Ok(Some(used)),
        ("refused", Some(used)) => Err(ImportError::SequenceEnd {
            table: used.table.clone(),
            column: used.column.clone(),
            value: used.value.clone(),
        }),
        _ => Err(failed(SessionError::driver("tenancy.raise_sequences answered something else"))),
    }
}

async fn used(
    snapshot: &Snapshot,
    rows: &(dyn Fn(&Table) -> Vec<String> + Sync),
) -> Result<Vec<Used>, ImportError> {
    let mut all = Vec::new();
    for table in &snapshot.tables.all {
        let parts = rows(table);
        if parts.is_empty() {
            continue;
        }
        let failed = |source| {
            session_error(&format!("a look at the sequences of {}", table.label()), source)
        };
        let sql = format!(
            "SELECT d.objid::bigint AS oid, a.attname AS column, s.seqincrement > 0 AS up \
             FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid \
             JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass \
             AND d.deptype IN ('a', 'i') AND d.refobjid::bigint = {}",
            table.found.oid
        );
        for row in snapshot.session.rows(&sql, &[]).await.map_err(failed)? {
            let sequence = row.get("oid").and_then(Value::as_i64).unwrap_or_default();
            let column = text(&row, "column");
            let last = if row.get("up") == Some(&Value::Bool(true)) { "max" } else { "min" };
            for part in &parts {
                let sql =
                    format!("SELECT {last}(t.{})::bigint::text AS used {part}", quoted(&column));
                let rows = snapshot.session.rows(&sql, &[]).await.map_err(failed)?;
                let value = rows.first().map(|row| text(row, "used")).unwrap_or_default();
                if !value.is_empty() {
                    let (table, column) = (table.label(), column.clone());
                    all.push(Used { sequence, value, table, column });
                }
            }
        }
    }
    Ok(all)
}

fn text(row: &JsonRow, name: &str) -> String {
    row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

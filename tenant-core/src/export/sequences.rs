use serde_json::Value;

use super::{ImportError, import::session_error, snapshot::Snapshot};
use crate::{TenantId, quote::quoted};

/// Lets the sequences behind the tables' columns go on after what was imported, so that the next
/// insert does not meet it.
pub(super) async fn raise_sequences(
    snapshot: &Snapshot,
    tenant: &TenantId,
) -> Result<(), ImportError> {
    for table in &snapshot.tables.all {
        let failed =
            |source| session_error(&format!("to raise a sequence of {}", table.label()), source);
        let sql = format!(
            "SELECT d.objid::bigint AS oid, a.attname AS column, s.seqincrement > 0 AS up \
             FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid \
             JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass \
             AND d.deptype IN ('a', 'i') AND d.refobjid::bigint = {}",
            table.found.oid
        );
        for row in snapshot.session.rows(&sql, &[]).await.map_err(failed)? {
            let oid = row.get("oid").and_then(Value::as_i64).unwrap_or_default();
            let column = row.get("column").and_then(Value::as_str).unwrap_or_default();
            let last = if row.get("up") == Some(&Value::Bool(true)) { "max" } else { "min" };
            let raise = format!(
                "SELECT tenancy.raise_sequence({oid}::oid::regclass, m.used) \
                 FROM (SELECT {last}(t.{})::bigint AS used {}) AS m WHERE m.used IS NOT NULL",
                quoted(column),
                table.of_tenant(tenant)
            );
            snapshot.session.batch(&raise).await.map_err(failed)?;
        }
    }
    Ok(())
}

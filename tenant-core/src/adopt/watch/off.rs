//! The recorder, taken away.

use super::{report::as_watcher, way::refused};
use crate::{Error, SqlSession, TableName, adopt::AdoptError, quote::quoted};

/// The triggers by the relation that they hang on, with the table that they were asked for.
const TRIGGERS: &str = "\
    SELECT t.tgrelid::regclass::text AS relation, f.proname::text AS function,
      coalesce(w.schema_name::text, '') AS schema, coalesce(w.table_name::text, '') AS table,
      string_agg(format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass), '; ') AS drops
    FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace n ON n.oid = f.pronamespace
    LEFT JOIN tenancy_watch.watched w ON w.function = f.proname
    WHERE n.nspname = 'tenancy_watch' AND NOT t.tgisinternal AND t.tgparentid = 0
    GROUP BY t.tgrelid, f.proname, w.schema_name, w.table_name ORDER BY t.tgrelid::bigint";

pub(super) async fn off(session: &dyn SqlSession, tables: &[TableName]) -> Result<(), AdoptError> {
    if !is_there(session).await? {
        return Ok(());
    }
    let found = session.rows(TRIGGERS, &[]).await.map_err(Error::from)?;
    let mut functions = Vec::new();
    let mut missing: Vec<&TableName> = tables.iter().collect();
    for row in &found {
        let text = |name: &str| row.get(name).and_then(|x| x.as_str()).unwrap_or_default();
        let is_it = |table: &&&TableName| {
            table.name() == text("table") && table.schema().is_none_or(|s| s == text("schema"))
        };
        if let Some(table) = tables.iter().collect::<Vec<_>>().iter().find(is_it) {
            missing.retain(|name| name != table);
        } else if !tables.is_empty() {
            continue;
        }
        session.batch(text("drops")).await.map_err(Error::from)?;
        functions.push(text("function").to_owned());
    }
    if let Some(table) = missing.first() {
        return Err(refused(&format!("{table} is not watched")));
    }
    if tables.is_empty() {
        // Nobody writes to the log any more: a trigger goes only when no writer of its table is left.
        session.batch("DROP SCHEMA tenancy_watch CASCADE").await.map_err(Error::from)?;
        return Ok(());
    }
    functions.sort();
    functions.dedup();
    as_watcher(session).await?;
    for function in functions {
        let drop = format!(
            "DROP FUNCTION tenancy_watch.{name}(); DELETE FROM tenancy_watch.watched WHERE function = '{function}'",
            name = quoted(&function)
        );
        session.batch(&drop).await.map_err(Error::from)?;
    }
    Ok(())
}

/// Whether anything is watched, or was.
pub(super) async fn is_there(session: &dyn SqlSession) -> Result<bool, Error> {
    let sql = "SELECT to_regclass('tenancy_watch.log') IS NOT NULL AS there";
    let rows = session.rows(sql, &[]).await?;
    Ok(rows.iter().any(|row| row.get("there").is_some_and(|there| there == true)))
}

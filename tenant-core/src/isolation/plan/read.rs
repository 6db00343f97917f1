//! What the catalogue says of the declared tables.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::found::{ForeignKey, Found, Table};
use crate::{
    Error, JsonRow, SessionError, SqlSession, TenantTable,
    isolation::{
        Isolation,
        backfill::trigger_name,
        citus, diff, keys,
        plan::not_null_name,
        relations::tenant_tables,
        table::{index_name, no_table},
        template::{fill, names},
    },
    quote_literal,
};

pub(super) async fn read(isolation: &Isolation, session: &dyn SqlSession) -> Result<Found, Error> {
    let mut missing = Vec::new();
    let (_, names) = diff::present(isolation, session, &mut missing).await?;
    if let Some(table) = missing.first() {
        let why = format!(
            "the declared table {} does not exist: create it first, or take it out of the declaration",
            table.object
        );
        return Err(Error::Plan { why });
    }
    if isolation.layout.is_citus() {
        let sql = "SELECT count(*) > 0 AS there FROM pg_extension WHERE extname = 'citus'";
        let rows = session.rows(sql, &[]).await?;
        if !rows.iter().any(|row| row.get("there").is_some_and(|there| there == true)) {
            return Err(Error::Plan { why: citus::MISSING.to_owned() });
        }
    }
    let installed = "SELECT to_regclass('tenancy.installed') IS NOT NULL AS there";
    let there = session.rows(installed, &[]).await?;
    let mut parts = BTreeMap::new();
    let mut differences = Vec::new();
    if there.iter().any(|row| row.get("there").is_some_and(|there| there == true)) {
        let sql = "SELECT object, value FROM tenancy.installed WHERE kind = 'part'";
        for row in session.rows(sql, &[]).await? {
            let text = |name| row.get(name).and_then(|x| x.as_str()).map(str::to_owned);
            if let (Some(object), Some(value)) = (text("object"), text("value")) {
                parts.insert(object, value);
            }
        }
        differences = diff::diff(isolation, session).await?;
        differences.retain(|difference| difference.kind != "installation");
    }
    let tables = tables(isolation, session).await?;
    let keys = foreign_keys(isolation, session).await?;
    let advice = advice(isolation, session).await?;
    Ok(Found { parts, differences, names, tables, keys, advice })
}

async fn advice(isolation: &Isolation, session: &dyn SqlSession) -> Result<Vec<String>, Error> {
    let sql = fill(
        include_str!("../sql/advice.sql"),
        &[
            ("tenants", &tenant_tables(isolation.tenancy.tenant_tables())),
            ("ours", &names(isolation.layout.roles().all())),
        ],
    );
    let rows = session.rows(&sql, &[]).await?;
    let advice = |row: &JsonRow| row.get("advice")?.as_str().map(str::to_owned);
    Ok(rows.iter().filter_map(advice).collect())
}

fn typed<T: for<'a> Deserialize<'a>>(row: JsonRow) -> Result<T, Error> {
    serde_json::from_value(row.into()).map_err(|e| SessionError::driver(e).into())
}

async fn tables(isolation: &Isolation, session: &dyn SqlSession) -> Result<Vec<Table>, Error> {
    let declared = isolation.tenancy.tenant_tables();
    if declared.is_empty() {
        return Ok(Vec::new());
    }
    let row = |table: &TenantTable| {
        let texts = [
            table.table().to_string(),
            table.column().to_owned(),
            not_null_name(table),
            index_name(table),
            trigger_name(table),
        ];
        format!("({})", texts.map(|text| quote_literal(&text)).join(", "))
    };
    let rows: Vec<String> = declared.iter().map(row).collect();
    let sql = fill(include_str!("../sql/tables.sql"), &[("tables", &rows.join(", "))]);
    let mut found = Vec::new();
    for row in session.rows(&sql, &[]).await? {
        found.push(typed::<Table>(row)?);
    }
    let at = |table: &Table| declared.iter().position(|d| d.table().to_string() == table.name);
    found.sort_by_key(at);
    for (table, declared) in found.iter_mut().zip(declared) {
        if !table.stored {
            return Err(Error::Plan { why: no_table(&table.name) });
        }
        // Behind its walls a table is taken to have rows: whoever has no policy there cannot look.
        table.has_rows =
            (table.walled && table.not_null) || exists(session, &table.name, "true").await?;
        if table.has_column && !table.not_null && table.has_rows {
            let gap = format!("{} IS NULL", crate::quote::quoted(declared.column()));
            for relation in table.tree.iter_mut().filter(|relation| relation.table) {
                let own = format!("ONLY {}", relation.name);
                relation.has_gaps = exists(session, &own, &gap).await?;
                table.has_gaps |= relation.has_gaps;
            }
        }
    }
    Ok(found)
}

async fn exists(session: &dyn SqlSession, table: &str, which: &str) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS (SELECT FROM {table} WHERE {which}) AS there");
    let rows = session.rows(&sql, &[]).await?;
    Ok(rows.iter().any(|row| row.get("there").is_some_and(|there| there == true)))
}

async fn foreign_keys(
    isolation: &Isolation,
    session: &dyn SqlSession,
) -> Result<Vec<ForeignKey>, Error> {
    let sql = keys::crossing(&isolation.tenancy);
    let mut keys = Vec::new();
    for row in session.rows(&sql, &[]).await? {
        let mut key: ForeignKey = typed(row)?;
        key.look = format!(
            "SELECT * FROM ({}) AS q WHERE q.child = {}::regclass AND q.conname = {}",
            sql.trim_end(),
            quote_literal(&key.child),
            quote_literal(&key.conname)
        );
        keys.push(key);
    }
    Ok(keys)
}

//! What rows say where foreign keys leave it open.

use super::graph::{Graph, Way};
use crate::{Error, SqlSession, quote::quoted};

/// A foreign key by which rows point at another tenant's.
#[derive(Debug)]
pub(super) struct Crossing {
    pub(super) columns: String,
    pub(super) rows: i64,
    /// The query that shows them.
    pub(super) see: String,
}

/// Where a table's foreign keys to tenant tables disagree about the tenant of a row.
pub(super) async fn crossing(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
) -> Result<Vec<Crossing>, Error> {
    let table = &graph.tables[index];
    let (way, tenant) = graph.tenant_of(index, "t");
    let mut found = Vec::new();
    for (at, parent) in graph.to_firm(index) {
        if graph.ways[index] == Some(Way::Key(at)) {
            continue;
        }
        let key = &table.keys[at];
        let (rest, other) = graph.tenant_of(parent, "o");
        let from = format!(
            "FROM {} t{way}{}{rest} WHERE {tenant} IS DISTINCT FROM {other}",
            table.label(),
            graph.join(key, parent, "t", "o")
        );
        let rows = number(session, &format!("SELECT count(*) AS n {from}")).await?;
        if rows > 0 {
            let see = format!("SELECT t.* {from}");
            found.push(Crossing { columns: key.columns.join(", "), rows, see });
        }
    }
    Ok(found)
}

/// How many rows of a table tenants' rows point at, and how many of them those of several tenants.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    pub(super) used: i64,
    pub(super) by_several: i64,
}

/// Who points at a table's rows; `None` where no tenant table has a foreign key to it.
pub(super) async fn uses(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
) -> Result<Option<Use>, Error> {
    let oid = graph.tables[index].oid;
    let mut parts = Vec::new();
    for (child, table) in graph.tables.iter().enumerate() {
        for key in table.keys.iter().filter(|key| key.parent == oid && graph.is_firm(child)) {
            let (way, tenant) = graph.tenant_of(child, "t");
            let columns: Vec<String> =
                key.columns.iter().map(|c| format!("t.{}", quoted(c))).collect();
            parts.push(format!(
                "SELECT DISTINCT concat_ws('/', {}) AS r, {tenant} AS tenant FROM {} t{way} WHERE {} IS NOT NULL",
                columns.join(", "),
                table.label(),
                columns.join(" IS NOT NULL AND ")
            ));
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let each = format!(
        "SELECT r, count(DISTINCT tenant) AS tenants FROM ({}) AS u GROUP BY r",
        parts.join(" UNION ALL ")
    );
    let used = number(session, &format!("SELECT count(*) AS n FROM ({each}) AS q")).await?;
    let several = format!("SELECT count(*) AS n FROM ({each}) AS q WHERE tenants > 1");
    Ok(Some(Use { used, by_several: number(session, &several).await? }))
}

/// How many rows have NULL in one of these columns.
pub(super) async fn nulls(
    session: &dyn SqlSession,
    graph: &Graph<'_>,
    index: usize,
    columns: &[String],
) -> Result<i64, Error> {
    let is_null: Vec<String> = columns.iter().map(|c| format!("{} IS NULL", quoted(c))).collect();
    let from = graph.tables[index].label();
    number(session, &format!("SELECT count(*) AS n FROM {from} WHERE {}", is_null.join(" OR ")))
        .await
}

async fn number(session: &dyn SqlSession, sql: &str) -> Result<i64, Error> {
    let rows = session.rows(sql, &[]).await.map_err(|source| Error::Unread { source })?;
    Ok(rows.first().and_then(|row| row.get("n")?.as_i64()).unwrap_or_default())
}

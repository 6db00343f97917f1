//! What can be said of reads.

use serde::{Deserialize, Serialize};

use super::report::{expect, typed};
use crate::{
    Backfill, Error, Isolation, SqlSession, TenantTable,
    adopt::AdoptError,
    quote::quoted,
    scan::{TableScan, mentions},
};

/// A query that reads a tenant's table and names no column that holds a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WatchedRead {
    /// The first tenant table that it names.
    pub table: String,
    /// The query without literals and comments; empty where those could not be told for sure.
    pub query: String,
    /// How often it ran since the statistics began.
    pub calls: i64,
}

#[derive(Debug, Deserialize)]
struct Statement {
    query: String,
    shape: String,
    calls: i64,
}

pub(super) async fn reads(
    session: &dyn SqlSession,
    isolation: &Isolation,
) -> Result<Option<Vec<WatchedRead>>, AdoptError> {
    expect(session).await?;
    let sql = "SELECT n.nspname::text AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
               WHERE e.extname = 'pg_stat_statements'";
    let rows = session.rows(sql, &[]).await.map_err(Error::from)?;
    let Some(schema) = rows.first().and_then(|row| row.get("schema")?.as_str()) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT s.query, tenancy_watch.shape(s.query) AS shape, sum(s.calls)::bigint AS calls \
         FROM {}.pg_stat_statements s WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND s.query ~* '^\\s*(select|with|/\\*|\\()' GROUP BY s.query ORDER BY 3 DESC, 1 LIMIT 1000",
        quoted(schema)
    );
    let rows = match session.rows(&sql, &[]).await {
        // It is installed, and the server was started without it.
        Err(error) if error.sqlstate.as_deref() == Some("55000") => return Ok(None),
        rows => rows.map_err(Error::from)?,
    };
    let scan = TableScan::new(isolation.tenancy(), isolation.layout());
    let columns = columns(isolation);
    let mut found: Vec<WatchedRead> = Vec::new();
    for row in rows {
        let statement: Statement = typed(row)?;
        if columns.iter().any(|column| mentions(&statement.query, column)) {
            continue;
        }
        let Some(table) = scan.tenant_table_in(&statement.query) else { continue };
        let Statement { shape: query, calls, .. } = statement;
        match found.iter_mut().find(|read| read.query == query && read.table == table) {
            Some(read) => read.calls += calls,
            None => found.push(WatchedRead { table, query, calls }),
        }
    }
    Ok(Some(found))
}

/// The columns that hold a tenant, of this day or of the one to come.
fn columns(isolation: &Isolation) -> Vec<&str> {
    let tables = isolation.tenancy().tenant_tables();
    let mut columns: Vec<&str> = tables.iter().map(TenantTable::column).collect();
    columns.extend(tables.iter().filter_map(|table| match isolation.backfill_of(table.table())? {
        Backfill::Column(column) => Some(column.as_str()),
        _ => None,
    }));
    columns
}

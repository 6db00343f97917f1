//! What the registry knows of the tenant, and what else of ours has rows of it.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{AlsoAffected, ErasureError};
use crate::{Error, JsonRow, Placement, SessionError, TenantKey, work::Work};

/// Its row in `tenancy.tenants`.
#[derive(Debug, Deserialize)]
pub(super) struct Registered {
    pub(super) legal_hold: Option<String>,
    /// It is on its way elsewhere.
    pub(super) moving: bool,
    /// When an erasure in chunks began, and what it has deleted.
    pub(super) started: Option<String>,
    pub(super) counts: Option<BTreeMap<String, u64>>,
    /// What hung on the tenant's rows then.
    pub(super) also: Option<Vec<AlsoAffected>>,
    placement: Option<String>,
    database: Option<String>,
    schema: Option<String>,
}

impl Registered {
    /// Where its rows are.
    pub(super) fn placement(&self) -> Result<Placement, Error> {
        let kind = self.placement.as_deref();
        Placement::read(kind, self.database.clone(), self.schema.clone())
    }
}

/// A table of the schema `tenancy` with rows of tenants.
#[derive(Debug, Deserialize)]
pub(super) struct OwnTable {
    pub(super) table: String,
    pub(super) reads: bool,
    pub(super) deletes: bool,
    /// Its rows go with the tenant's own.
    pub(super) cascades: bool,
}

/// The tenant's row; locked, so that nobody puts it on legal hold meanwhile.
pub(super) async fn find(
    work: &Work,
    id: &str,
    lock: bool,
) -> Result<Option<Registered>, ErasureError> {
    let lock = if lock { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT t.legal_hold, t.erasure ->> 'started' AS started, t.erasure -> 'counts' AS counts, t.erasure -> 'also' AS also, \
         t.placement, t.database, t.schema, \
         EXISTS (SELECT FROM tenancy.moves AS m WHERE m.tenant_id = t.id) AS moving \
         FROM tenancy.tenants AS t WHERE t.id = {id}{lock}"
    );
    Ok(read(work.session().rows(&sql, &[]).await?)?.pop())
}

/// The receipt's hash, if it was erased before.
pub(super) async fn tombstone(work: &Work, id: &str) -> Result<Option<String>, ErasureError> {
    let sql =
        format!("SELECT t.receipt AS text FROM tenancy.tombstones AS t WHERE t.tenant_id = {id}");
    text(work, &sql).await
}

pub(super) async fn own_tables(work: &Work, key: TenantKey) -> Result<Vec<OwnTable>, ErasureError> {
    let sql = format!(
        "SELECT format('\"tenancy\".\"%s\"', c.relname) AS table, \
         has_table_privilege(c.oid, 'SELECT') AS reads, has_table_privilege(c.oid, 'DELETE') AS deletes, \
         EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' \
           AND k.confrelid = 'tenancy.tenants'::regclass AND k.confdeltype = 'c') AS cascades \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' \
         WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
         AND a.atttypid = '{key}'::regtype AND c.relname NOT IN ('tombstones', 'moves', 'move_changes') ORDER BY 1"
    );
    Ok(read(work.session().rows(&sql, &[]).await?)?)
}

pub(super) async fn now(work: &Work) -> Result<String, ErasureError> {
    let sql = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS text";
    Ok(text(work, sql).await?.unwrap_or_default())
}

/// The column `text` of the first row.
pub(super) async fn text(work: &Work, sql: &str) -> Result<Option<String>, ErasureError> {
    let rows = work.session().rows(sql, &[]).await?;
    Ok(rows.first().and_then(|row| row.get("text")?.as_str()).map(str::to_owned))
}

pub(super) async fn number(work: &Work, sql: &str) -> Result<u64, ErasureError> {
    let text = text(work, sql).await?.unwrap_or_default();
    text.parse().map_err(|error| Error::from(SessionError::driver(error)).into())
}

pub(super) fn read<T: DeserializeOwned>(rows: Vec<JsonRow>) -> Result<Vec<T>, Error> {
    rows.into_iter()
        .map(|row| serde_json::from_value(Value::Object(row)))
        .collect::<Result<_, _>>()
        .map_err(|error| SessionError::driver(error).into())
}

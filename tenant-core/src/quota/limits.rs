use serde::Deserialize;

use super::{Per, Quota, QuotaUsage};
use crate::{Error, SessionError, SqlSession, TableName, Tenancy, TenantId, isolation::recount};

/// Whose quota it is. A tenant's own comes before its plan's, and that before everybody's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuotaFor {
    /// Every tenant that has no other.
    Everybody,
    /// The tenants on this plan.
    Plan(String),
    /// One tenant.
    Tenant(TenantId),
}

/// A limit that was set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct QuotaLimit {
    /// The quota's name.
    pub name: String,
    /// The plan that it is for.
    pub plan: Option<String>,
    /// The tenant that it is for.
    pub tenant: Option<String>,
    /// How much there may be.
    pub max: i64,
    /// In which time.
    pub per: Per,
}

/// The limits of a database, and how much of them is used.
///
/// The database holds them: rows count themselves, whoever writes them and how
/// ([`Isolation::row_quota`](crate::Isolation::row_quota)); a counter is used with the adapters'
/// `tx.use_quota`. Both refuse what goes beyond, also when a hundred come at once.
///
/// ```no_run
/// # async fn f(session: impl tenant_core::SqlSession) -> Result<(), tenant_core::Error> {
/// use tenant_core::{Per, Quota, QuotaFor, Quotas, TableName};
///
/// let quotas = Quotas::new(&session); // as `shop_admin`
/// let invoices = Quota::rows(&TableName::new("invoices")?);
/// quotas.set(&invoices, &QuotaFor::Plan("free".into()), 100, Per::Ever).await?;
/// quotas.set(&Quota::counter("exports"), &QuotaFor::Everybody, 5, Per::Month).await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// A session with the `…_admin` login. The plan is the one in `tenancy.tenants`; where your tenants
/// live elsewhere, set limits for everybody and for tenants.
#[derive(Debug, Clone, Copy)]
pub struct Quotas<'s, S: ?Sized> {
    session: &'s S,
}

impl<'s, S: SqlSession + ?Sized> Quotas<'s, S> {
    /// The limits of this session's database.
    pub fn new(session: &'s S) -> Self {
        Self { session }
    }

    /// Sets a limit, or another one in its place. Who is beyond it already keeps what is there.
    ///
    /// # Errors
    /// [`Error::InvalidQuota`] for rows that nobody counts, rows in a period, or a limit below 0;
    /// [`Error::Session`].
    pub async fn set(
        &self,
        quota: &Quota,
        whom: &QuotaFor,
        max: i64,
        per: Per,
    ) -> Result<(), Error> {
        let why = if max < 0 {
            "a limit is 0 or more"
        } else if quota.is_rows() && !self.is_counted(quota).await? {
            "nobody counts these rows: install `Isolation::row_quota(table)` first, and name the \
             table with its schema"
        } else if quota.is_rows() && per != Per::Ever {
            "rows do not begin anew with a month: use `Per::Ever`"
        } else if quota.name().is_empty() {
            "it has no name"
        } else {
            let sql = format!(
                "INSERT INTO tenancy.quotas (name, plan, tenant_id, max, per) \
                 SELECT r.name, r.plan, r.tenant_id, r.max, r.per FROM {GIVEN} \
                 ON CONFLICT (name, plan, tenant_id) \
                 DO UPDATE SET max = excluded.max, per = excluded.per RETURNING name"
            );
            self.session.rows(&sql, &[&given(quota, whom, max, per)]).await?;
            return Ok(());
        };
        Err(Error::InvalidQuota { quota: quota.clone(), why })
    }

    async fn is_counted(&self, quota: &Quota) -> Result<bool, Error> {
        let sql = "SELECT t.oid::int8 FROM pg_catalog.pg_trigger AS t \
                   JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid \
                   JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace \
                   WHERE n.nspname = 'tenancy' AND p.proname = 'count_rows' AND t.tgenabled <> 'D' \
                   AND starts_with(encode(t.tgargs, 'hex'), encode(convert_to($1, 'UTF8'), 'hex') || '00') \
                   LIMIT 1";
        Ok(!self.session.rows(sql, &[quota.name()]).await?.is_empty())
    }

    /// Takes a limit away; says whether there was one.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn lift(&self, quota: &Quota, whom: &QuotaFor) -> Result<bool, Error> {
        let sql = format!(
            "DELETE FROM tenancy.quotas AS q USING {GIVEN} WHERE q.name = r.name \
             AND q.plan IS NOT DISTINCT FROM r.plan \
             AND q.tenant_id IS NOT DISTINCT FROM r.tenant_id RETURNING q.name"
        );
        let gone = self.session.rows(&sql, &[&given(quota, whom, 0, Per::Ever)]).await?;
        Ok(!gone.is_empty())
    }

    /// All limits, by name.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn list(&self) -> Result<Vec<QuotaLimit>, Error> {
        let sql = "SELECT name, plan, tenant_id::text AS tenant, max, per FROM tenancy.quotas AS q \
                   ORDER BY q.name, q.plan NULLS FIRST, q.tenant_id NULLS FIRST";
        let rows = self.session.rows(sql, &[]).await?;
        rows.into_iter().map(read).collect()
    }

    /// How much of a quota a tenant has used, and may.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn usage(&self, quota: &Quota, tenant: &TenantId) -> Result<QuotaUsage, Error> {
        let key = tenant.key();
        let sql = format!(
            "SELECT coalesce(u.used, 0) AS used, q.max, \
             CASE WHEN q.per <> 'ever' THEN (q.since + ('1 ' || q.per)::interval)::text END AS resets \
             FROM tenancy.quota_of($2::text::{key}, $1) AS q \
             LEFT JOIN tenancy.usage AS u ON u.tenant_id = $2::text::{key} AND u.name = $1 \
             AND u.since = coalesce(q.since, '-infinity')"
        );
        let mut rows = self.session.rows(&sql, &[quota.name(), &tenant.to_string()]).await?;
        rows.pop().map_or_else(|| Ok(QuotaUsage::new(0, None, None)), read)
    }

    /// Counts a table's rows anew, while nobody writes it: after rows were moved between tenants, or
    /// written by their partition's name, or while triggers were off.
    ///
    /// # Errors
    /// [`Error::InvalidQuota`] for a table that is not a declared tenant table; [`Error::Session`].
    pub async fn recount(&self, tenancy: &Tenancy, table: &TableName) -> Result<(), Error> {
        let tenancy = tenancy.in_schemas("public", "public");
        let schema = table.schema().unwrap_or("public");
        let mut tables = tenancy.tenant_tables().iter();
        let found =
            tables.find(|t| t.table().name() == table.name() && t.table().schema() == Some(schema));
        let Some(declared) = found else {
            let why = "its table is no declared tenant table";
            return Err(Error::InvalidQuota { quota: Quota::rows(table), why });
        };
        let sql = format!(
            "BEGIN; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; {} COMMIT",
            declared.table(),
            recount(declared)
        );
        Ok(self.session.dedicated().await?.batch(&sql).await?)
    }
}

/// A row of the table, whatever type its tenant column has.
const GIVEN: &str = "jsonb_populate_record(NULL::tenancy.quotas, $1::text::jsonb) AS r";

fn given(quota: &Quota, whom: &QuotaFor, max: i64, per: Per) -> String {
    let (plan, tenant) = match whom {
        QuotaFor::Everybody => (None, None),
        QuotaFor::Plan(plan) => (Some(plan), None),
        QuotaFor::Tenant(id) => (None, Some(id.to_string())),
    };
    let row = serde_json::json!({
        "name": quota.name(), "plan": plan, "tenant_id": tenant, "max": max, "per": per
    });
    row.to_string()
}

fn read<T: for<'de> Deserialize<'de>>(row: crate::JsonRow) -> Result<T, Error> {
    serde_json::from_value(serde_json::Value::Object(row))
        .map_err(|error| SessionError::driver(error).into())
}

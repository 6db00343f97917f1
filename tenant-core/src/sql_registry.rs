use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::Deserialize;

use crate::{
    JsonRow, RegistryError, SqlSession, TenantId, TenantKey, TenantRecord, TenantRegistry,
    TenantStatus,
};

const FIND: &str = "SELECT slug, name, status, plan, epoch FROM tenancy.tenants WHERE id = ";
const FIND_BY_SLUG: &str =
    "SELECT id::text AS id, slug, name, status, plan, epoch FROM tenancy.tenants WHERE slug = $1";
const MEMBER: &str =
    "SELECT true AS member FROM tenancy.members WHERE user_id = $2 AND tenant_id = ";

/// The registry in the tables `tenancy.tenants` and `tenancy.members`, which
/// [`Isolation`](crate::Isolation) creates.
///
/// It wants a session of its own, opened with the `…_registry` login: no other role of the
/// application can read those tables. One query finds a tenant, one more asks for a membership;
/// both are prepared once.
///
/// Where the tenants live in a table of your own, give the questions instead
/// ([`with_queries`](Self::with_queries)) or implement [`TenantRegistry`].
/// A tenant and its members are entered with the `…_admin` or `…_owner` login:
///
/// ```sql
/// INSERT INTO tenancy.tenants (id, slug, name) VALUES ('…', 'acme', 'Acme Inc.');
/// INSERT INTO tenancy.members (tenant_id, user_id) VALUES ('…', 'alice');
/// ```
#[derive(Clone)]
pub struct SqlRegistry {
    session: Arc<dyn SqlSession>,
    key: Option<TenantKey>,
    find: Option<&'static str>,
    is_member: Option<&'static str>,
    find_by_slug: Option<&'static str>,
}

impl SqlRegistry {
    /// A registry over this session.
    pub fn new(session: impl SqlSession + 'static) -> Self {
        Self {
            session: Arc::new(session),
            key: None,
            find: None,
            is_member: None,
            find_by_slug: Some(FIND_BY_SLUG),
        }
    }

    /// A registry over tables of your own.
    ///
    /// `find` gets the tenant's id as `$1`, a text, and returns at most one row with the columns
    /// `slug`, `name`, `status` (`active`, `suspended` or `deleted`), `plan` (or NULL) and `epoch`.
    /// `is_member` gets the tenant's id as `$1` and the user's as `$2`, both texts, and returns a
    /// row if the user belongs to the tenant. Cast the parameter, not the column, so that the
    /// index is used: `WHERE id = $1::uuid`.
    pub fn with_queries(
        session: impl SqlSession + 'static,
        find: &'static str,
        is_member: &'static str,
    ) -> Self {
        Self {
            session: Arc::new(session),
            key: None,
            find: Some(find),
            is_member: Some(is_member),
            find_by_slug: None,
        }
    }

    /// The question for a tenant by its slug, over tables of your own: it gets the slug as `$1`, a
    /// text, and returns at most one row with the columns of `find`, and the tenant's `id`, cast to
    /// text. It wants the [`key`](Self::key), with which the id is read.
    pub fn slug_query(mut self, find_by_slug: &'static str) -> Self {
        self.find_by_slug = Some(find_by_slug);
        self
    }

    /// The same, for tenants with this type of id, as the declaration has it: a claim with another
    /// one is then refused as such, and not by the database.
    pub fn key(mut self, key: TenantKey) -> Self {
        self.key = Some(key);
        self
    }

    fn question(own: Option<&'static str>, ours: &str, id: &TenantId) -> String {
        own.map_or_else(|| format!("{ours}$1::text::{}", id.key()), str::to_owned)
    }
}

impl fmt::Debug for SqlRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlRegistry").field("find", &self.find).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Row {
    /// Where it was not asked for by its id.
    id: Option<serde_json::Value>,
    slug: String,
    name: String,
    status: TenantStatus,
    plan: Option<String>,
    epoch: i64,
}

#[async_trait]
impl TenantRegistry for SqlRegistry {
    fn key(&self) -> Option<TenantKey> {
        self.key
    }

    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        let sql = Self::question(self.find, FIND, id);
        let rows = self.session.rows(&sql, &[&id.to_string()]).await?;
        Ok(only(rows, &format!("tenant {id}"))?.map(|row| row.record(id.clone())))
    }

    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        let (Some(sql), Some(key)) = (self.find_by_slug, self.key) else {
            let why = "this registry finds no tenants by their slugs: tell it the type of their \
                       ids, `.key(TENANCY.key())`, and, over tables of your own, `.slug_query(…)`";
            return Err(why.into());
        };
        let rows = self.session.rows(sql, &[slug]).await?;
        let Some(row) = only(rows, "the slug")? else { return Ok(None) };
        let id = row.id.as_ref().and_then(serde_json::Value::as_str);
        let id =
            id.ok_or("the tenant's row has no column `id` that is a text: `id::text AS id`")?;
        let id = key.parse(id)?;
        Ok(Some(row.record(id)))
    }

    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        let sql = Self::question(self.is_member, MEMBER, id);
        let rows = self.session.rows(&sql, &[&id.to_string(), user]).await?;
        Ok(!rows.is_empty())
    }
}

impl Row {
    fn record(self, id: TenantId) -> TenantRecord {
        let mut record = TenantRecord::new(id, self.slug).name(self.name).status(self.status);
        record.plan = self.plan;
        record.epoch = self.epoch;
        record
    }
}

/// A tenant from a row that has its `id` as a text.
pub(crate) fn record(row: JsonRow, key: TenantKey) -> Result<TenantRecord, crate::Error> {
    let row: Row = serde_json::from_value(serde_json::Value::Object(row))
        .map_err(crate::SessionError::driver)?;
    let id = row.id.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let id = key.parse(id)?;
    Ok(row.record(id))
}

fn only(mut rows: Vec<JsonRow>, whom: &str) -> Result<Option<Row>, RegistryError> {
    let row = match (rows.pop(), rows.len()) {
        (None, _) => return Ok(None),
        (Some(row), 0) => row,
        (Some(_), more) => {
            return Err(format!("{} rows for {whom}: it must be unique", more + 1).into());
        }
    };
    let row = serde_json::from_value(serde_json::Value::Object(row)).map_err(|e| {
        format!("the tenant's row does not have the columns that the registry wants: {e}")
    })?;
    Ok(Some(row))
}

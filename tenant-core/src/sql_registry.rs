use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::Deserialize;

use crate::{
    RegistryError, SqlSession, TenantId, TenantKey, TenantRecord, TenantRegistry, TenantStatus,
};

const FIND: &str = "SELECT slug, name, status, plan, epoch FROM tenancy.tenants WHERE id = ";
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
}

impl SqlRegistry {
    /// A registry over this session.
    pub fn new(session: impl SqlSession + 'static) -> Self {
        Self { session: Arc::new(session), key: None, find: None, is_member: None }
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
        Self { session: Arc::new(session), key: None, find: Some(find), is_member: Some(is_member) }
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
        let mut rows = self.session.rows(&sql, &[&id.to_string()]).await?;
        let row = match (rows.pop(), rows.len()) {
            (None, _) => return Ok(None),
            (Some(row), 0) => row,
            (Some(_), more) => {
                return Err(format!("{} rows for tenant {id}: ids must be unique", more + 1).into());
            }
        };
        let Row { slug, name, status, plan, epoch } =
            serde_json::from_value(serde_json::Value::Object(row)).map_err(|e| {
                format!("the tenant's row does not have the columns of `find`: {e}")
            })?;
        let mut record = TenantRecord::new(id.clone(), slug).name(name).status(status);
        record.plan = plan;
        record.epoch = epoch;
        Ok(Some(record))
    }

    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        let sql = Self::question(self.is_member, MEMBER, id);
        let rows = self.session.rows(&sql, &[&id.to_string(), user]).await?;
        Ok(!rows.is_empty())
    }
}

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::Deserialize;

use crate::{
    JsonRow, Placement, RegistryError, SqlSession, TenantId, TenantKey, TenantList, TenantRecord,
    TenantRegistry, TenantStatus,
};

const FIND: &str = "SELECT slug, name, status, plan, epoch, placement, database, schema, region \
    FROM tenancy.tenants WHERE id = ";
const FIND_BY_SLUG: &str = "SELECT id::text AS id, slug, name, status, plan, epoch, placement, database, \
    schema, region FROM tenancy.tenants WHERE slug = $1";
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
    list: Option<&'static str>,
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
            list: None,
        }
    }

    /// A registry over tables of your own.
    ///
    /// `find` gets the tenant's id as `$1`, a text, and returns at most one row with the columns
    /// `slug`, `name`, `status` (`active`, `suspended` or `deleted`), `plan` (or NULL) and `epoch`; and,
    /// where tenants live in more than the shared tables of one database, `placement` (`shared`,
    /// `schema` or `database`), `database`, `schema` and `region`.
    /// `is_member` gets the tenant's id as `$1` and the user's as `$2`, both texts, and returns a
    /// row if the user belongs to the tenant. Cast the parameter, not the column, so that the
    /// index is used: `WHERE id = $1::uuid`.
    ///
    /// Behind a `CachedRegistry` your tables want a trigger that tells of changes, as ours have:
    ///
    /// ```sql
    /// CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON companies
    ///   FOR EACH ROW EXECUTE FUNCTION tenancy.tell_change('company_id');
    /// CREATE TRIGGER tell_truncate AFTER TRUNCATE ON companies
    ///   FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tell_change();
    /// ```
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
            list: None,
        }
    }

    /// The question for a tenant by its slug, over tables of your own: it gets the slug as `$1`, a
    /// text, and returns at most one row with the columns of `find`, and the tenant's `id`, cast to
    /// text. It wants the [`key`](Self::key), with which the id is read.
    pub fn slug_query(mut self, find_by_slug: &'static str) -> Self {
        self.find_by_slug = Some(find_by_slug);
        self
    }

    /// The question for the active tenants, over tables of your own: it gets the last id of the page
    /// before as `$1` and the page's length as `$2`, both texts, and returns the column `id`, cast to
    /// text, in order. For the first page `$1` is what no id is below: the nil UUID, the smallest
    /// 64-bit integer, or the empty text. It wants the [`key`](Self::key), with which ids are read.
    ///
    /// ```sql
    /// SELECT id::text AS id FROM companies WHERE NOT blocked AND id > $1::text::bigint
    /// ORDER BY companies.id LIMIT $2::text::int
    /// ```
    pub fn list_query(mut self, list: &'static str) -> Self {
        self.list = Some(list);
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
    placement: Option<String>,
    database: Option<String>,
    schema: Option<String>,
    region: Option<String>,
}

#[async_trait]
impl TenantRegistry for SqlRegistry {
    fn key(&self) -> Option<TenantKey> {
        self.key
    }

    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        let sql = Self::question(self.find, FIND, id);
        let rows = self.session.rows(&sql, &[&id.to_string()]).await?;
        let row = only(rows, &format!("tenant {id}"))?;
        Ok(row.map(|row| row.record(id.clone())).transpose()?)
    }

    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        let (Some(sql), Some(key)) = (self.find_by_slug, self.key) else {
            let why = "this registry finds no tenants by their slugs: tell it the type of their \
                       ids, `.key(TENANCY.key())`, and, over tables of your own, `.slug_query(…)`";
            return Err(why.into());
        };
        let rows = self.session.rows(sql, &[slug]).await?;
        let Some(row) = only(rows, "the slug")? else { return Ok(None) };
        let id = read_id(key, row.id.as_ref())?;
        Ok(Some(row.record(id)?))
    }

    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        let sql = Self::question(self.is_member, MEMBER, id);
        let rows = self.session.rows(&sql, &[&id.to_string(), user]).await?;
        Ok(!rows.is_empty())
    }
}

impl Row {
    fn record(self, id: TenantId) -> Result<TenantRecord, crate::Error> {
        let mut record = TenantRecord::new(id, self.slug).name(self.name).status(self.status);
        record.plan = self.plan;
        record.epoch = self.epoch;
        record.placement = Placement::read(self.placement.as_deref(), self.database, self.schema)?;
        record.region = self.region;
        Ok(record)
    }
}

/// A tenant from a row that has its `id` as a text.
pub(crate) fn record(row: JsonRow, key: TenantKey) -> Result<TenantRecord, crate::Error> {
    let row: Row = serde_json::from_value(serde_json::Value::Object(row))
        .map_err(crate::SessionError::driver)?;
    let id = row.id.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let id = key.parse(id)?;
    row.record(id)
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

fn read_id(key: TenantKey, id: Option<&serde_json::Value>) -> Result<TenantId, RegistryError> {
    let id = id.and_then(serde_json::Value::as_str);
    let id = id.ok_or("the tenant's row has no column `id` that is a text: `id::text AS id`")?;
    Ok(key.parse(id)?)
}

#[async_trait]
impl TenantList for SqlRegistry {
    async fn active_after(
        &self,
        after: Option<&TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantId>, RegistryError> {
        let Some(key) = self.key.filter(|_| self.list.is_some() || self.find.is_none()) else {
            let why = "this registry lists no tenants: tell it the type of their ids, \
                       `.key(TENANCY.key())`, and, over tables of your own, `.list_query(…)`";
            return Err(why.into());
        };
        let first = match key {
            TenantKey::Uuid => uuid::Uuid::nil().to_string(),
            TenantKey::Bigint => i64::MIN.to_string(),
            TenantKey::Text => String::new(),
        };
        // Ours begins with the smallest id, too.
        let behind = if after.is_some() { ">" } else { ">=" };
        let ours = format!(
            "SELECT id::text AS id FROM tenancy.tenants AS t WHERE status = 'active' \
             AND id {behind} $1::text::{key} ORDER BY t.id LIMIT $2::text::int"
        );
        let after = after.map_or(first, TenantId::to_string);
        let params = [after.as_str(), &limit.to_string()];
        let rows = self.session.rows(self.list.unwrap_or(&ours), &params).await?;
        rows.iter().map(|row| read_id(key, row.get("id"))).collect()
    }
}

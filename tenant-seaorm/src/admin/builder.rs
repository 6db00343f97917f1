use std::{fmt, time::Duration};

use sea_orm::ConnectOptions;
use tenant_core::{Layout, Pooler, Seal, Tenancy, adapter::AdminOpening};

use super::AdminDb;
use crate::{Error, hooks::Hooks, internals, pool::Pool, pooler};

/// Settings for an [`AdminDb`]; made by [`AdminDb::builder`].
#[must_use = "it does nothing until `connect` is called"]
pub struct AdminDbBuilder {
    tenancy: Tenancy,
    layout: Option<Layout>,
    max_connections: Option<u32>,
    acquire_timeout: Option<Duration>,
    seal: Option<Seal>,
    pooler: Pooler,
}

impl AdminDbBuilder {
    pub(super) fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            max_connections: None,
            acquire_timeout: None,
            seal: None,
            pooler: Pooler::None,
        }
    }

    /// As [`TenantDbBuilder::layout`](crate::TenantDbBuilder::layout).
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// As [`TenantDbBuilder::max_connections`](crate::TenantDbBuilder::max_connections). The default
    /// is 2.
    pub fn max_connections(mut self, max: u32) -> Self {
        self.max_connections = Some(max.max(1));
        self
    }

    /// As [`TenantDbBuilder::acquire_timeout`](crate::TenantDbBuilder::acquire_timeout).
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = Some(timeout);
        self
    }

    /// The application's sealing key, where the database is sealed: wanted for scopes that are
    /// [on behalf of](crate::CrossTenantScope::on_behalf_of) a tenant, whose column's default asks
    /// for the seal.
    pub fn seal(mut self, seal: Seal) -> Self {
        self.seal = Some(seal);
        self
    }

    /// As [`TenantDbBuilder::pooler`](crate::TenantDbBuilder::pooler).
    pub fn pooler(mut self, pooler: Pooler) -> Self {
        self.pooler = pooler;
        self
    }

    /// Opens the pool with one connection, and asks the database whether it is the admin's login: of
    /// a superuser nothing would hold.
    ///
    /// # Errors
    /// [`Error::Core`] for a layout without an admin or a declaration that cannot hold,
    /// [`Error::Connect`] when no connection can be made, [`Error::NotAdmin`] for another login,
    /// [`Error::Pooler`] for a pooler that was not declared or cannot work.
    ///
    /// # Cancellation
    /// Dropped half-way, nothing stays open.
    pub async fn connect(self, options: impl Into<ConnectOptions>) -> Result<AdminDb, Error> {
        self.open(options.into()).await
    }

    async fn open(self, mut options: ConnectOptions) -> Result<AdminDb, Error> {
        self.tenancy.check()?;
        options.max_connections(self.max_connections.unwrap_or(MAX_CONNECTIONS));
        if let Some(timeout) = self.acquire_timeout {
            options.acquire_timeout(timeout);
        }
        if options.get_test_before_acquire_if_idle_for().is_none() {
            options.test_before_acquire(false);
        }
        let record_statements = options.get_record_stmt_in_spans();
        let pool = internals::pool(options).await.map_err(Error::not_connected)?;
        let pool = Pool::new(pool, None);
        let layout = match self.layout {
            Some(layout) => layout,
            None => Layout::new(&pool.database())?,
        };
        let opening = AdminOpening::new(&layout, self.tenancy.key(), self.seal.as_ref())?;
        let mut first = pool.acquire().await?;
        let conn = first.conn().map_err(Error::connect)?;
        // Unless this succeeds, the connection is closed.
        pooler::hold(conn).await?;
        internals::message(conn, &opening.check()).await.map_err(Error::not_admin)?;
        let fate = pooler::check(&pool, conn, self.pooler).await?;
        first.on_drop(fate);
        drop(first);
        let hooks = Hooks { metrics: None, record_statements, pooler: self.pooler };
        Ok(AdminDb::new(pool, opening, hooks))
    }
}

/// People open these transactions, not requests.
const MAX_CONNECTIONS: u32 = 2;

impl fmt::Debug for AdminDbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminDbBuilder")
            .field("layout", &self.layout)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

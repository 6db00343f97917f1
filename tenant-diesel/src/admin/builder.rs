use std::{fmt, sync::Arc, time::Duration};

use diesel::ConnectionResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, pooled_connection::deadpool::Object};
use futures_util::future::BoxFuture;
use tenant_core::{Layout, Pooler, Seal, Tenancy, adapter::AdminOpening};

use super::AdminDb;
use crate::{
    Error,
    asked::{Found, asked},
    builder::{ACQUIRE_TIMEOUT, Setup, pool},
    look::Look,
    pooler::{Afterwards, Way},
};

/// People open these transactions, not requests.
const MAX_CONNECTIONS: u32 = 2;

/// Builds an [`AdminDb`]; made by [`AdminDb::builder`].
#[must_use = "a builder does nothing until `connect`"]
pub struct AdminDbBuilder {
    tenancy: Tenancy,
    layout: Option<Layout>,
    max_connections: u32,
    acquire_timeout: Duration,
    seal: Option<Seal>,
    pooler: Pooler,
    custom_setup: Option<Setup>,
}

impl AdminDbBuilder {
    pub(super) fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            seal: None,
            pooler: Pooler::None,
            custom_setup: None,
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
        self.max_connections = max.max(1);
        self
    }

    /// As [`TenantDbBuilder::acquire_timeout`](crate::TenantDbBuilder::acquire_timeout).
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
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

    /// As [`TenantDbBuilder::custom_setup`](crate::TenantDbBuilder::custom_setup).
    pub fn custom_setup<F>(mut self, setup: F) -> Self
    where
        F: Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> + Send + Sync + 'static,
    {
        self.custom_setup = Some(Arc::new(setup));
        self
    }

    /// Opens the pool with one connection, and asks the database whether it is the admin's login: of
    /// a superuser nothing would hold.
    ///
    /// # Errors
    /// [`Error::Core`] for a layout without an admin or a declaration that cannot hold,
    /// [`Error::Connect`] and [`Error::PoolExhausted`] when no connection can be made (in time),
    /// [`Error::NotAdmin`] for another login, [`Error::Pooler`] for a pooler that was not declared or
    /// cannot work.
    pub async fn connect(self, url: impl Into<String>) -> Result<AdminDb, Error> {
        self.tenancy.check()?;
        let way = Way::new(url.into(), self.pooler, self.custom_setup);
        let pool = pool(way.clone(), self.max_connections, self.acquire_timeout)?;
        let (mut first, _held) = pool.acquire().await?;
        Way::hold(&mut first).await?;
        let layout = match self.layout {
            Some(layout) => layout,
            None => asked::<Found>(&mut first, Found::QUERY).await?.layout()?,
        };
        let mut opening = AdminOpening::new(&layout, self.tenancy.key(), self.seal.as_ref())?;
        if self.pooler == Pooler::Transaction {
            opening.clear_statements();
        }
        let checked = async {
            first.batch_execute(&opening.check()).await.map_err(Error::not_admin)?;
            way.check(&mut first, self.acquire_timeout).await
        };
        match checked.await {
            Ok(Afterwards::Reuse) => drop(first),
            Ok(Afterwards::Close) => drop(Object::take(first)),
            Err(error) => {
                drop(Object::take(first));
                return Err(error);
            }
        }
        let look = Arc::new(Look::new(&self.tenancy, &layout, false));
        Ok(AdminDb::new(pool, opening, look))
    }
}

impl fmt::Debug for AdminDbBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminDbBuilder")
            .field("layout", &self.layout)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

use std::{fmt, sync::Arc, time::Duration};

use diesel::ConnectionResult;
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{SetupCallback, deadpool::Object},
};
use futures_util::future::BoxFuture;
use tenant_core::{AdminOpening, Layout, Seal, Tenancy};

use super::AdminDb;
use crate::{
    Error,
    builder::{ACQUIRE_TIMEOUT, found, pool},
    look::Look,
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
    custom_setup: Option<SetupCallback<AsyncPgConnection>>,
}

impl AdminDbBuilder {
    pub(super) fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            seal: None,
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

    /// As [`TenantDbBuilder::custom_setup`](crate::TenantDbBuilder::custom_setup).
    pub fn custom_setup<F>(mut self, setup: F) -> Self
    where
        F: Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> + Send + Sync + 'static,
    {
        self.custom_setup = Some(Box::new(setup));
        self
    }

    /// Opens the pool with one connection, and asks the database whether it is the admin's login: of
    /// a superuser nothing would hold.
    ///
    /// # Errors
    /// [`Error::Core`] for a layout without an admin or a declaration that cannot hold,
    /// [`Error::Connect`] and [`Error::PoolExhausted`] when no connection can be made (in time),
    /// [`Error::NotAdmin`] for another login.
    pub async fn connect(self, url: impl Into<String>) -> Result<AdminDb, Error> {
        self.tenancy.check()?;
        let pool = pool(url.into(), self.max_connections, self.acquire_timeout, self.custom_setup)?;
        let mut first = pool.acquire().await?;
        let layout = match self.layout {
            Some(layout) => layout,
            None => found(&mut first).await?.layout()?,
        };
        let opening = AdminOpening::new(&layout, self.tenancy.key(), self.seal.as_ref())?;
        if let Err(source) = first.batch_execute(&opening.check()).await {
            drop(Object::take(first));
            return Err(Error::not_admin(source));
        }
        drop(first);
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

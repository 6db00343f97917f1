//! Where a tenant's transactions open: one database's pool, or one of many.

use std::{sync::Arc, time::Duration};

use tenant_core::{
    Error as CoreError, RouterMetrics,
    adapter::{IsolationCheck, Opening, Routed, Router, Watch},
};

use crate::{Error, TenantDbBuilder, hooks::Hooks, internals, pool::Pool, shared::Audit};

/// One database's pool, and all that its transactions need.
pub(crate) struct Home {
    pub(crate) pool: Pool,
    pub(crate) opening: Arc<Opening>,
    pub(crate) audit: Arc<Audit>,
    pub(crate) hooks: Hooks,
    pub(crate) check: IsolationCheck,
    pub(crate) watch: Option<Arc<Watch>>,
}

/// The ways to the other databases.
pub(crate) struct Routes {
    router: Router<Home>,
    /// What their pools are opened with.
    builder: TenantDbBuilder,
    /// How long a caller waits in line.
    wait: Duration,
}

impl Routes {
    pub(crate) fn new(router: Router<Home>, builder: TenantDbBuilder, wait: Duration) -> Self {
        Self { router, builder, wait }
    }

    /// Another database's pool.
    pub(crate) async fn home(&self, database: &str) -> Result<Arc<Home>, Error> {
        let open = |address, member| self.builder.open_elsewhere(database, address, member);
        self.router.pool(database, self.wait, open).await
    }

    /// What became of a call there.
    pub(crate) fn tell<T>(&self, database: &str, result: &Result<T, Error>) {
        self.router.tell(database, result);
    }

    pub(crate) fn metrics(&self) -> RouterMetrics {
        self.router.metrics()
    }

    pub(crate) async fn close(&self) {
        for home in self.router.take_all() {
            home.pool.close().await;
        }
    }
}

impl Routed for Home {
    type Error = Error;

    fn is_idle(&self) -> bool {
        self.pool.is_idle()
    }

    fn is_unreachable(error: &Error) -> bool {
        internals::unreachable(error)
    }

    fn is_busy(error: &Error) -> bool {
        matches!(error, Error::Core(CoreError::ConnectionsExhausted { .. }) | Error::Closed { .. })
    }
}

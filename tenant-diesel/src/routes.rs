//! Where a tenant's transactions open: one database's pool, or one of many.

use std::{sync::Arc, time::Duration};

use tenant_core::{
    Error as CoreError, RouterMetrics, TenantScope, Verified,
    adapter::{IsolationCheck, Opening, Routed, Router, Watch},
};
use tracing::Span;

use crate::{
    Error, TenantDbBuilder, TenantTransaction, connection::Connection, look::Look,
    pool::ConnectionPool,
};

/// One database's pool, and all that its transactions need.
pub(crate) struct Home {
    pub(crate) pool: ConnectionPool,
    pub(crate) opening: Arc<Opening>,
    pub(crate) look: Arc<Look>,
    pub(crate) check: IsolationCheck,
    pub(crate) watch: Option<Arc<Watch>>,
}

impl Home {
    /// The handle of a tenant's transaction on this connection.
    pub(crate) fn transaction_on(
        &self,
        mut connection: Connection,
        scope: TenantScope<Verified>,
        span: Span,
    ) -> TenantTransaction {
        if scope.record().placement.schema_name().is_some() {
            connection.in_own_schema();
        }
        if let Some(watch) = &self.watch {
            connection.watched_by(watch.over(&scope));
        }
        let (opening, look) = (self.opening.clone(), self.look.clone());
        TenantTransaction::new(connection, scope, opening, look, span)
    }
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

    /// Closes what rests.
    pub(crate) fn close(&self) {
        for home in self.router.take_all() {
            home.pool.close();
        }
    }
}

impl Routed for Home {
    type Error = Error;

    fn is_idle(&self) -> bool {
        self.pool.is_idle()
    }

    fn is_unreachable(error: &Error) -> bool {
        error.is_unreachable()
    }

    fn is_busy(error: &Error) -> bool {
        matches!(error, Error::Core(CoreError::ConnectionsExhausted { .. }) | Error::Closed { .. })
    }
}

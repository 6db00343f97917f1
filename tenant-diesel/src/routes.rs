//! Where a tenant's transactions open: one database's pool, or one of many.

use std::sync::Arc;

use tenant_core::{
    IsolationCheck, Opening, Placement, RouteError, Router, RouterMetrics, TenantRecord, TenantScope,
    Verified, Watch,
};
use tracing::Span;

use crate::{
    Error, TenantDbBuilder, TenantTransaction, connection::Connection, look::Look,
    pool::ConnectionPool,
};

/// One database's pool, and all that its transactions need.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) pool: ConnectionPool,
    pub(crate) opening: Arc<Opening>,
    pub(crate) look: Arc<Look>,
    pub(crate) check: Arc<IsolationCheck>,
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
}

impl Routes {
    pub(crate) fn new(router: Router<Home>, builder: TenantDbBuilder) -> Self {
        Self { router, builder }
    }

    /// Where this tenant lives, if it is not here.
    pub(crate) async fn home(
        &self,
        here: &Home,
        record: &TenantRecord,
    ) -> Result<Option<Home>, Error> {
        let name = record.placement.database_name();
        if here.opening.is_for(name) {
            return Ok(None);
        }
        if here.pool.is_closed() {
            return Err(Error::CLOSED);
        }
        let (router, builder) = (&self.router, &self.builder);
        let home = router.pool(name, |address, room| {
            let share = (router.connections().member(), room);
            builder.open_route(name, address, share, router.timeout())
        });
        home.await.map(Some).map_err(|error| match error {
            RouteError::Route(error) => Error::Core(error),
            RouteError::Open(error) => error,
        })
    }

    /// What became of a call there.
    pub(crate) fn tell<T>(&self, placement: &Placement, result: &Result<T, Error>) {
        let name = placement.database_name();
        match result {
            Ok(_) => self.router.reached(name),
            Err(error) if error.is_unreachable() => self.router.failed(name, &error.to_string()),
            Err(_) => {}
        }
    }

    pub(crate) fn metrics(&self) -> RouterMetrics {
        self.router.metrics()
    }

    /// Closes what rests. A pool that is being opened meanwhile serves who opens it, and nobody else.
    pub(crate) fn close(&self) {
        for home in self.router.take_open() {
            home.pool.close();
        }
    }
}

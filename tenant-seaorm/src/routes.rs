//! Where a tenant's transactions open: one database's pool, or one of many.

use std::sync::Arc;

use tenant_core::{
    IsolationCheck, Opening, Placement, RouteError, Router, RouterMetrics, TenantRecord, Watch,
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
    router: Router<Arc<Home>>,
    /// What their pools are opened with.
    builder: TenantDbBuilder,
}

impl Routes {
    pub(crate) fn new(router: Router<Arc<Home>>, builder: TenantDbBuilder) -> Self {
        Self { router, builder }
    }

    /// Where this tenant lives, if it is not here.
    pub(crate) async fn home(
        &self,
        here: &Home,
        record: &TenantRecord,
    ) -> Result<Option<Arc<Home>>, Error> {
        let name = record.placement.database_name();
        if here.opening.is_for(name) {
            return Ok(None);
        }
        if here.pool.is_closed() {
            return Err(Error::POOL_CLOSED);
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
            Err(error) if internals::unreachable(error) => {
                self.router.failed(name, &error.to_string());
            }
            Err(_) => {}
        }
    }

    pub(crate) fn metrics(&self) -> RouterMetrics {
        self.router.metrics()
    }

    pub(crate) async fn close(&self) {
        for home in self.router.take_all().await {
            home.pool.close().await;
        }
    }
}

use std::{fmt, future::Future, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use tenant_core::{
    AsyncFunc, IsVerified, RouterMetrics, Tenancy, TenantRecord, TenantScope, TransactionOptions,
    Verified, adapter::IsolationCheck,
};
use tracing::{Instrument, info_span};

use crate::{
    Error, SharedTransaction, TenantDbBuilder, TenantTransaction,
    pool::ConnectionPool,
    routes::{Home, Routes},
};

/// The pool. It runs no query: a verified scope opens a tenant's transaction
/// ([`begin`](Self::begin)), and [`shared`](Self::shared) one without a tenant.
///
/// It builds its connections itself, so that no unscoped handle is left outside. It is cheap to
/// clone; the clones share the pool.
///
/// ```no_run
/// # mod schema { diesel::table! { invoices (id) { id -> Int8, total -> Int4, } } }
/// # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
/// # async fn f(registry: &tenant_core::StaticRegistry) -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_diesel::{Principal, TenantDb, TenantScope, prelude::*};
///
/// let db = TenantDb::connect("postgres://shop_login@localhost/shop", &TENANCY).await?;
/// let claim = TenantScope::claim(7, Principal::User("alice".into()));
/// let scope = claim.verify(registry).await?;
/// let mut tx = db.begin(&scope).await?;
/// let invoices: i64 = schema::invoices::table.count().get_result(&mut tx).await?;
/// tx.commit().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TenantDb {
    home: Arc<Home>,
    routes: Option<Arc<Routes>>,
}

impl TenantDb {
    /// A pool with all defaults, for this declaration; see [`builder`](Self::builder).
    ///
    /// # Errors
    /// As [`TenantDbBuilder::connect`].
    pub async fn connect(url: impl Into<String>, tenancy: &Tenancy) -> Result<Self, Error> {
        Self::builder(tenancy).connect(url).await
    }

    /// A pool for this declaration, to be configured.
    pub fn builder(tenancy: &Tenancy) -> TenantDbBuilder {
        TenantDbBuilder::new(tenancy)
    }

    pub(crate) fn new(home: Home, routes: Option<Routes>) -> Self {
        Self { home: Arc::new(home), routes: routes.map(Arc::new) }
    }

    pub(crate) fn pool(&self) -> &ConnectionPool {
        &self.home.pool
    }

    pub(crate) fn check(&self) -> &IsolationCheck {
        &self.home.check
    }

    /// Opens a transaction for the scope's tenant: `BEGIN`, role, search path and tenant in one
    /// message.
    ///
    /// A connection that died in the pool is replaced, since nothing of the caller's was sent.
    /// Cancelled while the message is on its way, the connection is closed.
    ///
    /// # Errors
    /// [`Error::Core`] for a stale scope or another kind of key, and for a tenant that lives in a
    /// database that is unknown, of another region or down, before a connection is taken;
    /// [`Error::NotActive`] where a sealed database knows of a suspension that the scope is older than;
    /// [`Error::PoolExhausted`], [`Error::Connect`] or [`Error::Begin`]. Then nothing ran.
    pub fn begin<S: IsVerified>(
        &self,
        scope: &TenantScope<S>,
    ) -> BoxFuture<'_, Result<TenantTransaction, Error>> {
        self.begin_with(scope, TransactionOptions::default())
    }

    /// The same with an isolation level or access mode.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_with<S: IsVerified>(
        &self,
        scope: &TenantScope<S>,
        options: TransactionOptions,
    ) -> BoxFuture<'_, Result<TenantTransaction, Error>> {
        self.begin_verified(scope.verified(), options).boxed()
    }

    async fn begin_verified(
        &self,
        scope: TenantScope<Verified>,
        options: TransactionOptions,
    ) -> Result<TenantTransaction, Error> {
        let home = self.home(scope.record()).await?;
        home.opening.check(&scope)?;
        let message = || Ok(home.opening.tenant(&scope, options)?);
        let span = info_span!(target: "tenant", "tenant_transaction", tenant.id = %scope.id());
        let connection = home.pool.open(Some(scope.id()), message);
        let connection = connection.instrument(span.clone()).await;
        self.tell(scope.record(), &connection);
        Ok(home.transaction_on(connection?, scope, span))
    }

    /// Where this tenant's transactions open.
    pub(crate) async fn home(&self, record: &TenantRecord) -> Result<Arc<Home>, Error> {
        let here = &self.home;
        let database = record.placement.database_name();
        match &self.routes {
            Some(_) if here.pool.is_closed() => Err(Error::CLOSED),
            Some(routes) if !here.opening.is_for(database) => routes.home(database).await,
            _ => Ok(here.clone()),
        }
    }

    pub(crate) fn routes(&self) -> Option<&Arc<Routes>> {
        self.routes.as_ref()
    }

    /// What became of a call to the tenant's database.
    pub(crate) fn tell<T>(&self, record: &TenantRecord, result: &Result<T, Error>) {
        if let Some(routes) = &self.routes {
            routes.tell(record.placement.database_name(), result);
        }
    }

    /// Runs a closure in a transaction for the scope's tenant: committed if it returns `Ok`,
    /// rolled back if it returns `Err`. The future is `Send`, so it can be spawned.
    ///
    /// # Errors
    /// The closure's own; otherwise as [`begin`](Self::begin) and [`TenantTransaction::commit`].
    pub fn transaction<'a, S, F, R, E>(
        &'a self,
        scope: &TenantScope<S>,
        callback: F,
    ) -> impl Future<Output = Result<R, E>> + Send + 'a
    where
        S: IsVerified,
        for<'r> F: AsyncFunc<&'r mut TenantTransaction, Result<R, E>, Fut: Send> + Send + 'a,
        E: From<Error> + Send + 'a,
        R: Send + 'a,
    {
        let begin = self.begin(scope);
        async move {
            let mut transaction = begin.await?;
            match callback(&mut transaction).await {
                Ok(value) => {
                    transaction.commit().await?;
                    Ok(value)
                }
                Err(error) => {
                    // The caller's error says more; a connection that cannot roll back is closed.
                    if let Err(rollback) = transaction.rollback().await {
                        tracing::warn!(target: "tenant", error = %rollback, "rollback failed");
                    }
                    Err(error)
                }
            }
        }
    }

    /// Opens a transaction without a tenant, on which only shared tables compile, in the database of the
    /// pool's URL.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn shared(&self) -> BoxFuture<'_, Result<SharedTransaction, Error>> {
        self.shared_with(TransactionOptions::default())
    }

    /// The same with an isolation level or access mode.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn shared_with(
        &self,
        options: TransactionOptions,
    ) -> BoxFuture<'_, Result<SharedTransaction, Error>> {
        async move {
            let message = || Ok(self.home.opening.shared(options));
            let connection = self.home.pool.open(None, message).await?;
            Ok(SharedTransaction::new(connection, self.home.look.clone()))
        }
        .boxed()
    }

    /// Closes the connections at rest; those that are lent are closed when they come back. Whoever
    /// begins afterwards gets [`Error::Closed`].
    pub fn close(&self) {
        self.home.pool.close();
        if let Some(routes) = &self.routes {
            routes.close();
        }
    }

    /// What it holds of many databases; `None` where there is one.
    pub fn router_metrics(&self) -> Option<RouterMetrics> {
        self.routes.as_ref().map(|routes| routes.metrics())
    }
}

impl fmt::Debug for TenantDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDb").field("pool", &self.home.pool).finish_non_exhaustive()
    }
}

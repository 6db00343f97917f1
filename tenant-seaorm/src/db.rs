use std::{fmt, marker::PhantomData, pin::Pin, sync::Arc};

use sea_orm::{AccessMode, ConnectOptions, IsolationLevel, TransactionOptions};
use tenant_core::{
    AsyncFunc, IsVerified, RouterMetrics, Tenancy, TenantRecord, TenantScope,
    adapter::IsolationCheck,
};
use tracing::Instrument as _;

use crate::{
    Error, SharedTransaction, TenantDbBuilder, TenantTransaction,
    bind::Bind,
    link::Link,
    pool::Pool,
    routes::{Home, Routes},
};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The pool: it opens transactions for tenants and for shared tables, and runs no query itself.
///
/// It makes its connections itself, so that no handle without a tenant is left outside. A clone is
/// another handle of the same pool.
///
/// ```no_run
/// # use tenant_seaorm::{StaticRegistry, Principal, TenantId, TenantScope, TenantDb};
/// # use sea_orm::entity::prelude::*;
/// # mod invoice {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "invoice")]
/// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub amount: i32 }
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # tenant_seaorm::tenancy! { static TENANCY; tenant { invoice } shared {} }
/// # async fn f(registry: StaticRegistry, id: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let db = TenantDb::connect("postgres://shop_login@localhost/shop", &TENANCY).await?;
///
/// let claim = TenantScope::claim(id, Principal::User("alice".into()));
/// let scope = claim.verify(&registry).await?;
///
/// let tx = db.begin(&scope).await?;
/// let invoices = invoice::Entity::find().all(&tx).await?; // this tenant's
/// tx.commit().await?;
/// # Ok(()) }
/// ```
///
/// The parameter `T` is always [`NoTenant`]; write `TenantDb`. It is what lets the compiler say
/// why a query does not run on it.
pub struct TenantDb<T = NoTenant> {
    inner: Arc<Inner>,
    kind: PhantomData<fn() -> T>,
}

/// The reason why a [`TenantDb`] runs no query.
#[derive(Debug, Clone, Copy)]
pub enum NoTenant {}

struct Inner {
    home: Arc<Home>,
    routes: Option<Routes>,
}

impl TenantDb {
    /// Connects with all defaults. The URL, or SeaORM's `ConnectOptions`, names the login role,
    /// which may do nothing by itself.
    ///
    /// # Errors
    /// As [`TenantDbBuilder::connect`].
    pub async fn connect(
        options: impl Into<ConnectOptions>,
        tenancy: &Tenancy,
    ) -> Result<Self, Error> {
        Self::builder(tenancy).connect(options).await
    }

    /// Settings first, then [`connect`](TenantDbBuilder::connect).
    pub fn builder(tenancy: &Tenancy) -> TenantDbBuilder {
        TenantDbBuilder::new(tenancy)
    }

    pub(crate) fn new(home: Home, routes: Option<Routes>) -> Self {
        let home = Arc::new(home);
        Self { inner: Arc::new(Inner { home, routes }), kind: PhantomData }
    }

    /// Where this tenant's transactions open.
    async fn home(&self, record: &TenantRecord) -> Result<Arc<Home>, Error> {
        let here = &self.inner.home;
        let database = record.placement.database_name();
        match &self.inner.routes {
            Some(_) if here.pool.is_closed() => Err(Error::CLOSED),
            Some(routes) if !here.opening.is_for(database) => routes.home(database).await,
            _ => Ok(here.clone()),
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.home.pool
    }

    pub(crate) fn check(&self) -> &IsolationCheck {
        &self.inner.home.check
    }

    /// Opens a transaction for the scope's tenant, in one round trip.
    ///
    /// `BEGIN`, the role, the `search_path` and the tenant are one message; if any of it fails,
    /// nothing else can run. It is also the check that the connection lives: on a dead one it is
    /// sent again on another, as often as the pool has connections, since nothing of yours has run.
    ///
    /// # Errors
    /// [`Error::Core`] for a scope that was verified too long ago, or whose id is of another type, or
    /// whose tenant lives in a database that is unknown, of another region or down:
    /// before a connection is taken. [`Error::NotActive`] where a sealed database knows of a
    /// suspension that the scope is older than; [`Error::PoolExhausted`], [`Error::Connect`],
    /// [`Error::Begin`]. Then nothing ran.
    ///
    /// # Cancellation
    /// Dropped half-way, the connection is closed: nobody else gets one with your tenant on it.
    pub fn begin<S: IsVerified>(
        &self,
        scope: &TenantScope<S>,
    ) -> BoxFuture<'_, Result<TenantTransaction, Error>> {
        self.begin_with(scope, TransactionOptions::default())
    }

    /// The same with an isolation level, or read only.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    ///
    /// # Cancellation
    /// As [`begin`](Self::begin).
    pub fn begin_with<S: IsVerified>(
        &self,
        scope: &TenantScope<S>,
        options: TransactionOptions,
    ) -> BoxFuture<'_, Result<TenantTransaction, Error>> {
        let scope = Arc::new(scope.verified());
        Box::pin(async move {
            let home = self.home(scope.record()).await?;
            let opening = &home.opening;
            opening.check(&scope)?;
            let id = scope.id();
            let span = tracing::info_span!(target: "tenant", "tenant_transaction", tenant.id = %id);
            let message = || Ok(opening.tenant(&scope, in_core(options))?);
            let bind = Bind::new(opening.clone(), scope.clone());
            let lent = home.pool.open(Some(id), message).instrument(span.clone()).await;
            if let Some(routes) = &self.inner.routes {
                routes.tell(scope.record().placement.database_name(), &lent);
            }
            let watching = home.watch.as_ref().map(|watch| watch.over(&scope));
            let link = Link::new(lent?, Some(bind), watching, home.hooks.clone(), span);
            let audit = home.audit.clone();
            Ok(TenantTransaction::new(link, scope, audit))
        })
    }

    /// Runs an async closure in a transaction: commits if it gives `Ok`, rolls back otherwise.
    ///
    /// The future can be spawned. The error is your own; it must hold this crate's.
    ///
    /// ```no_run
    /// # use sea_orm::entity::prelude::*;
    /// # use tenant_seaorm::{Error, TenantDb, TenantScope, TenantTransaction, Verified};
    /// # async fn f(db: TenantDb, scope: TenantScope<Verified>) -> Result<(), Error> {
    /// let rows = db
    ///     .transaction(&scope, async |tx: &TenantTransaction| {
    ///         let done = tx.raw("UPDATE invoice SET paid = true", []).execute().await?;
    ///         Ok::<_, Error>(done.rows_affected())
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The closure's; or what [`begin`](Self::begin) and [`TenantTransaction::commit`] say.
    ///
    /// # Cancellation
    /// Dropped while the closure runs, it is rolled back; while it begins or commits, see there.
    pub fn transaction<'a, S, F, T, E>(
        &'a self,
        scope: &TenantScope<S>,
        run: F,
    ) -> BoxFuture<'a, Result<T, E>>
    where
        S: IsVerified,
        F: for<'t> AsyncFunc<&'t TenantTransaction, Result<T, E>, Fut: Send> + Send + 'a,
        T: Send + 'a,
        E: From<Error> + Send + 'a,
    {
        let begin = self.begin(scope);
        Box::pin(async move {
            let tx = begin.await?;
            let result = run(&tx).await;
            match &result {
                Ok(_) => tx.commit().await?,
                Err(_) => {
                    if let Err(error) = tx.rollback().await {
                        // The connection is closed then, so nothing is committed in any case.
                        tracing::warn!(target: "tenant", %error, "a rollback was not confirmed");
                    }
                }
            }
            result
        })
    }

    /// Opens a transaction for shared tables, which belongs to no tenant, in the database of the pool's
    /// URL.
    ///
    /// # Errors
    /// [`Error::PoolExhausted`], [`Error::Connect`], [`Error::Begin`].
    ///
    /// # Cancellation
    /// As [`begin`](Self::begin).
    pub fn shared(&self) -> BoxFuture<'_, Result<SharedTransaction, Error>> {
        self.shared_with(TransactionOptions::default())
    }

    /// The same with an isolation level, or read only.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    ///
    /// # Cancellation
    /// As [`begin`](Self::begin).
    pub fn shared_with(
        &self,
        options: TransactionOptions,
    ) -> BoxFuture<'_, Result<SharedTransaction, Error>> {
        Box::pin(async move {
            let message = || Ok(self.inner.home.opening.shared(in_core(options)));
            let span = tracing::info_span!(target: "tenant", "shared_transaction");
            let lent = self.inner.home.pool.open(None, message).instrument(span.clone()).await?;
            let link = Link::new(lent, None, None, self.inner.home.hooks.clone(), span);
            Ok(SharedTransaction::new(link, self.inner.home.audit.clone()))
        })
    }

    /// Closes all connections, and waits for the transactions that are still open. Every later
    /// call is [`Error::Closed`].
    ///
    /// # Cancellation
    /// Dropped half-way, it is closed all the same; nobody waited for the rest.
    pub async fn close(&self) {
        self.inner.home.pool.close().await;
        if let Some(routes) = &self.inner.routes {
            routes.close().await;
        }
    }

    /// What it holds of many databases; `None` where there is one.
    pub fn router_metrics(&self) -> Option<RouterMetrics> {
        self.inner.routes.as_ref().map(Routes::metrics)
    }
}

/// PostgreSQL treats `READ UNCOMMITTED` as `READ COMMITTED`; `sqlite_transaction_mode` means
/// nothing to it, as in SeaORM.
pub(crate) fn in_core(options: TransactionOptions) -> tenant_core::TransactionOptions {
    let core = tenant_core::TransactionOptions::default();
    let core = match options.isolation_level {
        None => core,
        Some(IsolationLevel::ReadUncommitted | IsolationLevel::ReadCommitted) => {
            core.read_committed()
        }
        Some(IsolationLevel::RepeatableRead) => core.repeatable_read(),
        Some(IsolationLevel::Serializable) => core.serializable(),
    };
    match options.access_mode {
        None => core,
        Some(AccessMode::ReadOnly) => core.read_only(),
        Some(AccessMode::ReadWrite) => core.read_write(),
    }
}

impl<T> Clone for TenantDb<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), kind: PhantomData }
    }
}

impl<T> fmt::Debug for TenantDb<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDb").field("pool", &self.inner.home.pool).finish_non_exhaustive()
    }
}

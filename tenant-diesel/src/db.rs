use std::{fmt, future::Future, sync::Arc, time::Duration};

use diesel_async::{
    AsyncPgConnection,
    pooled_connection::deadpool::{Object, Pool, PoolError},
};
use futures_util::{FutureExt, future::BoxFuture};
use tenant_core::{
    AsyncFunc, IsVerified, Opening, TableScan, Tenancy, TenantId, TenantScope, TransactionOptions,
    Verified,
};
use tracing::{Instrument, info_span};

use crate::{
    Error, SharedTransaction, TenantDbBuilder, TenantTransaction,
    connection::{Connection, NotBegun},
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
    pool: Pool<AsyncPgConnection>,
    opening: Arc<Opening>,
    tables: Option<Arc<TableScan>>,
    acquire_timeout: Duration,
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

    pub(crate) fn new(
        pool: Pool<AsyncPgConnection>,
        opening: Arc<Opening>,
        tables: Option<Arc<TableScan>>,
        acquire_timeout: Duration,
    ) -> Self {
        Self { pool, opening, tables, acquire_timeout }
    }

    /// Opens a transaction for the scope's tenant: `BEGIN`, role, search path and tenant in one
    /// message.
    ///
    /// A connection that died in the pool is replaced, since nothing of the caller's was sent.
    /// Cancelled while the message is on its way, the connection is closed.
    ///
    /// # Errors
    /// [`Error::Core`] for a stale scope or another kind of key, before a connection is taken;
    /// [`Error::PoolExhausted`], [`Error::Connect`] or [`Error::Begin`], after which nothing ran.
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
        let message = self.opening.tenant(&scope, options)?;
        let span = info_span!(target: "tenant", "transaction", tenant.id = %scope.id());
        let connection = self.open(Some(scope.id()), &message).instrument(span.clone()).await?;
        let (opening, tables) = (self.opening.clone(), self.tables.clone());
        Ok(TenantTransaction::new(connection, scope, opening, tables, span))
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

    /// Opens a transaction without a tenant, on which only shared tables compile.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn shared(&self) -> Result<SharedTransaction, Error> {
        let message = self.opening.shared(TransactionOptions::default());
        let connection = self.open(None, &message).await?;
        Ok(SharedTransaction::new(connection, self.tables.clone()))
    }

    /// Takes a connection and opens a transaction on it. The message is the liveness check: on a
    /// connection that turns out dead another one is tried, since nothing of the user's was sent.
    async fn open(&self, tenant: Option<&TenantId>, message: &str) -> Result<Connection, Error> {
        let mut tries = self.pool.status().size;
        loop {
            let object = self.acquire().await?;
            match Connection::begin(object, tenant.cloned(), message).await {
                Ok(connection) => return Ok(connection),
                Err(NotBegun { dead: true, .. }) if tries > 0 => tries -= 1,
                Err(NotBegun { source, .. }) => {
                    return Err(Error::Begin { tenant: tenant.cloned(), source });
                }
            }
        }
    }

    pub(crate) async fn acquire(&self) -> Result<Object<AsyncPgConnection>, Error> {
        let exhausted = || Error::PoolExhausted {
            max: self.pool.status().max_size,
            waited: self.acquire_timeout,
        };
        match tokio::time::timeout(self.acquire_timeout, self.pool.get()).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(PoolError::Backend(source))) => Err(Error::Connect { source: source.into() }),
            Ok(Err(PoolError::Timeout(_))) | Err(_) => Err(exhausted()),
            Ok(Err(source)) => Err(Error::Connect { source: source.into() }),
        }
    }
}

impl fmt::Debug for TenantDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDb").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

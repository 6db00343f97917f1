use std::{fmt, sync::Arc, time::Duration};

use diesel::{
    PgConnection,
    r2d2::{ConnectionManager, Pool, PooledConnection},
};
use tenant_core::{
    IsVerified, Tenancy, TenantId, TenantScope, TransactionOptions,
    adapter::{IsolationCheck, Opening, Watch},
};
use tracing::info_span;

use super::{
    SharedTransaction, TenantDbBuilder, TenantTransaction,
    connection::{Connection, NotBegun},
};
use crate::{Error, look::Look};

/// The pool. It runs no query: a verified scope opens a tenant's transaction
/// ([`begin`](Self::begin)), and [`shared`](Self::shared) one without a tenant.
///
/// It builds its connections itself, so that no unscoped handle is left outside. It is cheap to
/// clone; the clones share the pool.
#[derive(Clone)]
pub struct TenantDb {
    pool: Pool<ConnectionManager<PgConnection>>,
    opening: Arc<Opening>,
    look: Arc<Look>,
    acquire_timeout: Duration,
    check: Arc<IsolationCheck>,
    watch: Option<Arc<Watch>>,
    /// For the checks, which want a connection of their own; r2d2 gives none away.
    url: Arc<str>,
}

impl TenantDb {
    /// A pool with all defaults, for this declaration; see [`builder`](Self::builder).
    ///
    /// # Errors
    /// As [`TenantDbBuilder::connect`].
    pub fn connect(url: impl Into<String>, tenancy: &Tenancy) -> Result<Self, Error> {
        Self::builder(tenancy).connect(url)
    }

    /// A pool for this declaration, to be configured.
    pub fn builder(tenancy: &Tenancy) -> TenantDbBuilder {
        TenantDbBuilder::new(tenancy)
    }

    pub(super) fn new(
        pool: Pool<ConnectionManager<PgConnection>>,
        opening: Arc<Opening>,
        look: Arc<Look>,
        acquire_timeout: Duration,
        check: IsolationCheck,
        watch: Option<Arc<Watch>>,
        url: Arc<str>,
    ) -> Self {
        Self { pool, opening, look, acquire_timeout, check: Arc::new(check), watch, url }
    }

    pub(super) fn check(&self) -> &IsolationCheck {
        &self.check
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Opens a transaction for the scope's tenant: `BEGIN`, role, search path and tenant in one
    /// message. A connection that died in the pool is replaced, since nothing of the caller's was
    /// sent.
    ///
    /// # Errors
    /// [`Error::Core`] for a stale scope or another kind of key, before a connection is taken;
    /// [`Error::NotActive`] where a sealed database knows of a suspension that the scope is older than;
    /// [`Error::PoolExhausted`], [`Error::Connect`] or [`Error::Begin`]. Then nothing ran.
    pub fn begin<S: IsVerified>(&self, scope: &TenantScope<S>) -> Result<TenantTransaction, Error> {
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
    ) -> Result<TenantTransaction, Error> {
        let scope = scope.verified();
        self.opening.check(&scope)?;
        let message = || Ok(self.opening.tenant(&scope, options)?);
        let span = info_span!(target: "tenant", "tenant_transaction", tenant.id = %scope.id());
        let mut connection = span.in_scope(|| self.open(Some(scope.id()), message))?;
        if scope.record().placement.schema_name().is_some() {
            connection.in_own_schema();
        }
        if let Some(watch) = &self.watch {
            connection.watched_by(watch.over(&scope));
        }
        let (opening, look) = (self.opening.clone(), self.look.clone());
        Ok(TenantTransaction::new(connection, scope, opening, look, span))
    }

    /// Runs a closure in a transaction for the scope's tenant: committed if it returns `Ok`,
    /// rolled back if it returns `Err`.
    ///
    /// # Errors
    /// The closure's own; otherwise as [`begin`](Self::begin) and [`TenantTransaction::commit`].
    pub fn transaction<S, F, R, E>(&self, scope: &TenantScope<S>, callback: F) -> Result<R, E>
    where
        S: IsVerified,
        F: FnOnce(&mut TenantTransaction) -> Result<R, E>,
        E: From<Error>,
    {
        let mut transaction = self.begin(scope)?;
        match callback(&mut transaction) {
            Ok(value) => {
                transaction.commit()?;
                Ok(value)
            }
            Err(error) => {
                // The caller's error says more; a connection that cannot roll back is closed.
                if let Err(rollback) = transaction.rollback() {
                    tracing::warn!(target: "tenant", error = %rollback, "rollback failed");
                }
                Err(error)
            }
        }
    }

    /// Opens a transaction without a tenant, on which only shared tables compile.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn shared(&self) -> Result<SharedTransaction, Error> {
        self.shared_with(TransactionOptions::default())
    }

    /// The same with an isolation level or access mode.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn shared_with(&self, options: TransactionOptions) -> Result<SharedTransaction, Error> {
        let message = || Ok(self.opening.shared(options));
        let connection = self.open(None, message)?;
        Ok(SharedTransaction::new(connection, self.look.clone()))
    }

    /// Takes a connection and opens a transaction on it. The message is the liveness check: on a
    /// connection that turns out dead another one is tried, since nothing of the user's was sent.
    /// It is rendered for each connection, since a sealed one is good for seconds.
    fn open(
        &self,
        tenant: Option<&TenantId>,
        message: impl Fn() -> Result<String, Error>,
    ) -> Result<Connection, Error> {
        let mut tries = self.pool.state().connections;
        loop {
            let object = self.acquire()?;
            match Connection::begin(object, tenant.cloned(), &message()?) {
                Ok(connection) => return Ok(connection),
                Err(NotBegun { dead: true, .. }) if tries > 0 => tries -= 1,
                Err(NotBegun { source, .. }) => {
                    return Err(Error::not_begun(tenant.cloned(), source));
                }
            }
        }
    }

    fn acquire(&self) -> Result<PooledConnection<ConnectionManager<PgConnection>>, Error> {
        self.pool.get().map_err(|source| {
            let max = self.pool.max_size();
            // r2d2 says the same of both: all lent out, or none to be made.
            if self.pool.state().connections >= max {
                Error::PoolExhausted { max, waited: self.acquire_timeout }
            } else {
                Error::Connect { source: source.into() }
            }
        })
    }
}

impl fmt::Debug for TenantDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDb").field("pool", &self.pool.state()).finish_non_exhaustive()
    }
}

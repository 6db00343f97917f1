use std::{fmt, future::Future, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use tenant_core::{
    AsyncFunc, CrossTenantScope, Tenancy, TransactionOptions, adapter::AdminOpening,
};
use tracing::{Instrument, info_span};

use super::{AdminDbBuilder, AdminTransaction};
use crate::{Error, look::Look, pool::ConnectionPool};

/// The pool for work across tenants: support, operations. It has the `…_admin` login, which the
/// application's own pool must not have, and runs no query itself.
///
/// Whoever opens a transaction says who they are and why ([`CrossTenantScope`]), and that is in
/// the audit log (`tenancy.audit`), committed, before the first query can run. Transactions read
/// only, unless the scope asked to write, and end with it.
///
/// ```no_run
/// # mod schema { diesel::table! { invoices (id) { id -> Int8, total -> Int4, } } }
/// # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_diesel::{AdminDb, CrossTenantScope, prelude::*};
///
/// let admin = AdminDb::connect("postgres://shop_admin@localhost/shop", &TENANCY).await?;
/// let scope = CrossTenantScope::new("alice@support", "ticket 4711")?;
/// let mut tx = admin.begin(&scope).await?;
/// let invoices: i64 = schema::invoices::table.count().get_result(&mut tx).await?; // everybody's
/// tx.commit().await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// Every tenant's rows. Keep its login out of whatever answers tenants' requests.
#[derive(Clone)]
pub struct AdminDb {
    pool: ConnectionPool,
    opening: Arc<AdminOpening>,
    look: Arc<Look>,
}

impl AdminDb {
    /// A pool with all defaults, with the admin's login; see [`builder`](Self::builder).
    ///
    /// # Errors
    /// As [`AdminDbBuilder::connect`].
    pub async fn connect(url: impl Into<String>, tenancy: &Tenancy) -> Result<Self, Error> {
        Self::builder(tenancy).connect(url).await
    }

    /// A pool for this declaration, to be configured.
    pub fn builder(tenancy: &Tenancy) -> AdminDbBuilder {
        AdminDbBuilder::new(tenancy)
    }

    pub(super) fn new(pool: ConnectionPool, opening: AdminOpening, look: Arc<Look>) -> Self {
        Self { pool, opening: Arc::new(opening), look }
    }

    /// Writes the audit record, and then opens a transaction across tenants: in one round trip, and
    /// the second only if the first was committed.
    ///
    /// Cancelled while the message is on its way, the connection is closed; the audit record may be
    /// there.
    ///
    /// # Errors
    /// [`Error::Core`] for a scope that has ended, or is on behalf of an id of another type: before
    /// a connection is taken. [`Error::PoolExhausted`], [`Error::Connect`] or [`Error::Begin`].
    pub fn begin(
        &self,
        scope: &CrossTenantScope,
    ) -> BoxFuture<'_, Result<AdminTransaction, Error>> {
        self.begin_with(scope, TransactionOptions::default())
    }

    /// The same with an isolation level. Whether it reads only is the scope's to say.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_with(
        &self,
        scope: &CrossTenantScope,
        options: TransactionOptions,
    ) -> BoxFuture<'_, Result<AdminTransaction, Error>> {
        let scope = scope.clone();
        async move {
            self.opening.check_scope(&scope)?;
            let message = || Ok(self.opening.message(&scope, options)?);
            let span = info_span!(
                target: "tenant", "admin_transaction", tenant.actor = scope.actor()
            );
            let connection = self.pool.open(scope.tenant(), message);
            let mut connection = connection.instrument(span.clone()).await?;
            connection.ends_at(scope.ends());
            Ok(AdminTransaction::new(connection, scope, self.look.clone(), span))
        }
        .boxed()
    }

    /// Runs a closure in a transaction across tenants: committed if it returns `Ok`, rolled back if
    /// it returns `Err`. The audit record stays in any case.
    ///
    /// # Errors
    /// The closure's own; otherwise as [`begin`](Self::begin) and [`AdminTransaction::commit`].
    pub fn transaction<'a, F, R, E>(
        &'a self,
        scope: &CrossTenantScope,
        callback: F,
    ) -> impl Future<Output = Result<R, E>> + Send + 'a
    where
        for<'r> F: AsyncFunc<&'r mut AdminTransaction, Result<R, E>, Fut: Send> + Send + 'a,
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

    /// Closes the connections at rest; those that are lent are closed when they come back. Whoever
    /// begins afterwards gets [`Error::Closed`].
    pub fn close(&self) {
        self.pool.close();
    }
}

impl fmt::Debug for AdminDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminDb").field("pool", &self.pool).finish_non_exhaustive()
    }
}

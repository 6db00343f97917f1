use std::{fmt, pin::Pin, sync::Arc};

use sea_orm::{ConnectOptions, TransactionOptions};
use tenant_core::{AsyncFunc, CrossTenantScope, Tenancy, adapter::AdminOpening};
use tracing::Instrument as _;

use super::{AdminDbBuilder, AdminTransaction};
use crate::{Error, db::in_core, hooks::Hooks, link::Link, pool::Pool};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The pool for work across tenants: support, operations. It has the `…_admin` login, which the
/// application's own pool must not have, and runs no query itself.
///
/// Whoever opens a transaction says who they are and why ([`CrossTenantScope`]), and that is in
/// the audit log (`tenancy.audit`), committed, before the first query can run. Transactions read
/// only, unless the scope asked to write, and end with it.
///
/// ```no_run
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
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_seaorm::{AdminDb, CrossTenantScope};
///
/// let admin = AdminDb::connect("postgres://shop_admin@localhost/shop", &TENANCY).await?;
/// let scope = CrossTenantScope::new("alice@support", "ticket 4711")?;
/// let tx = admin.begin(&scope).await?;
/// let invoices = invoice::Entity::find().all(&tx).await?; // everybody's
/// tx.commit().await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// Every tenant's rows. Keep its login out of whatever answers tenants' requests.
#[derive(Clone)]
pub struct AdminDb {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    opening: AdminOpening,
    hooks: Hooks,
}

impl AdminDb {
    /// Connects with all defaults, with the admin's login.
    ///
    /// # Errors
    /// As [`AdminDbBuilder::connect`].
    pub async fn connect(
        options: impl Into<ConnectOptions>,
        tenancy: &Tenancy,
    ) -> Result<Self, Error> {
        Self::builder(tenancy).connect(options).await
    }

    /// Settings first, then [`connect`](AdminDbBuilder::connect).
    pub fn builder(tenancy: &Tenancy) -> AdminDbBuilder {
        AdminDbBuilder::new(tenancy)
    }

    pub(super) fn new(pool: Pool, opening: AdminOpening, hooks: Hooks) -> Self {
        Self { inner: Arc::new(Inner { pool, opening, hooks }) }
    }

    /// Writes the audit record, and then opens a transaction across tenants: in one round trip, and
    /// the second only if the first was committed.
    ///
    /// # Errors
    /// [`Error::Core`] for a scope that has ended, or is on behalf of an id of another type: before
    /// a connection is taken. [`Error::PoolExhausted`], [`Error::Connect`], [`Error::Begin`].
    ///
    /// # Cancellation
    /// Dropped half-way, the connection is closed; the audit record may be there.
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
    ///
    /// # Cancellation
    /// As [`begin`](Self::begin).
    pub fn begin_with(
        &self,
        scope: &CrossTenantScope,
        options: TransactionOptions,
    ) -> BoxFuture<'_, Result<AdminTransaction, Error>> {
        let scope = Arc::new(scope.clone());
        Box::pin(async move {
            let Inner { pool, opening, hooks } = &*self.inner;
            let options = in_core(options);
            opening.check_scope(&scope)?;
            let message = || Ok(opening.message(&scope, options)?);
            let span = tracing::info_span!(
                target: "tenant", "admin_transaction", tenant.actor = scope.actor()
            );
            let lent = pool.open(scope.tenant(), message).instrument(span.clone()).await?;
            let link = Link::across(lent, scope.ends(), hooks.clone(), span);
            Ok(AdminTransaction::new(link, scope))
        })
    }

    /// Runs an async closure in a transaction: commits if it gives `Ok`, rolls back otherwise.
    ///
    /// # Errors
    /// The closure's; or what [`begin`](Self::begin) and [`AdminTransaction::commit`] say.
    ///
    /// # Cancellation
    /// Dropped while the closure runs, it is rolled back; the audit record stays.
    pub fn transaction<'a, F, T, E>(
        &'a self,
        scope: &CrossTenantScope,
        run: F,
    ) -> BoxFuture<'a, Result<T, E>>
    where
        F: for<'t> AsyncFunc<&'t AdminTransaction, Result<T, E>, Fut: Send> + Send + 'a,
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

    /// Closes all connections, and waits for the transactions that are still open. Every later
    /// call is [`Error::Closed`].
    ///
    /// # Cancellation
    /// Dropped half-way, it is closed all the same; nobody waited for the rest.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }
}

impl fmt::Debug for AdminDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminDb").field("pool", &self.inner.pool).finish_non_exhaustive()
    }
}

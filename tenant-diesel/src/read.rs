//! One query in one visible round trip, and transactions whose `BEGIN` travels.

use diesel::{
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::methods::LoadQuery;
use futures_util::{FutureExt, future::BoxFuture};
use tenant_core::{IsVerified, TenantScope, TransactionOptions, Verified};
use tracing::{Instrument, info_span};

use crate::{
    Error, GatedConnection, QueryIn, Reads, RunQueryDsl, Tenant, TenantDb, TenantTransaction,
    connection::Connection, deferred::Opener,
};

impl TenantDb {
    /// Opens a transaction for the scope's tenant whose `BEGIN` travels with its first statement:
    /// one round trip less than [`begin`](Self::begin), and none at all if there is no statement.
    ///
    /// An opening that is refused is told by the first statement, as an [`Error::Begin`] or
    /// [`Error::NotActive`] inside of Diesel's error. That statement has not run then, and nothing more runs. Cancelled before the
    /// answer to `BEGIN` is in, the connection is closed. Nothing is sent again on another
    /// connection, since a statement of the caller's may have been sent.
    ///
    /// ```no_run
    /// # mod schema { diesel::table! { invoices (id) { id -> Int8, total -> Int4, } } }
    /// # async fn f(db: tenant_diesel::TenantDb, scope: tenant_diesel::TenantScope<tenant_diesel::Verified>) -> Result<(), tenant_diesel::Error> {
    /// # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
    /// use schema::invoices;
    /// use tenant_diesel::prelude::*;
    ///
    /// let mut tx = db.begin_deferred(&scope).await?;
    /// let update = diesel::update(invoices::table.find(1)).set(invoices::total.eq(0));
    /// update.execute(&mut tx).await?;
    /// tx.commit().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Core`] for a stale scope or another kind of key, before a connection is taken;
    /// [`Error::PoolExhausted`] or [`Error::Connect`].
    pub fn begin_deferred<S: IsVerified>(
        &self,
        scope: &TenantScope<S>,
    ) -> BoxFuture<'_, Result<TenantTransaction, Error>> {
        self.deferred(scope.verified(), TransactionOptions::default()).boxed()
    }

    /// Runs one `SELECT` for the scope's tenant, in a read-only transaction of its own, and waits for
    /// one round trip: the transaction's `BEGIN` travels ahead of the query, and nobody waits for
    /// its `COMMIT`. A query that this connection has not prepared yet takes one more.
    ///
    /// What the query calls cannot write either: the server refuses it. Cancelled on the way, the
    /// connection is closed. Nothing is sent again on another connection, since the query may have
    /// been sent.
    ///
    /// ```no_run
    /// # mod schema { diesel::table! { invoices (id) { id -> Int8, total -> Int4, } } }
    /// # async fn f(db: tenant_diesel::TenantDb, scope: tenant_diesel::TenantScope<tenant_diesel::Verified>) -> Result<(), tenant_diesel::Error> {
    /// # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
    /// use schema::invoices;
    /// use tenant_diesel::prelude::*;
    ///
    /// let large = invoices::table.filter(invoices::total.gt(1000));
    /// let rows: Vec<(i64, i32)> = db.read(&scope, large).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and whatever [`Error::classify`] says of the query's own.
    pub fn read<'a, S, Q, U>(
        &'a self,
        scope: &TenantScope<S>,
        query: Q,
    ) -> BoxFuture<'a, Result<Vec<U>, Error>>
    where
        S: IsVerified,
        U: Send + 'a,
        Q: AsQuery,
        Q::Query: Reads + QueryIn<Tenant>,
        Q::Query: QueryFragment<Pg> + QueryId + LoadQuery<'a, GatedConnection, U> + Send + 'a,
    {
        let (scope, query) = (scope.verified(), query.as_query());
        let read = async move {
            let id = scope.id().clone();
            let mut tx = self.deferred(scope, TransactionOptions::default().read_only()).await?;
            match loaded(query, &mut tx).await {
                Ok(rows) => {
                    tx.let_go();
                    Ok(rows)
                }
                Err(error) => {
                    // The query's error says more; a connection that cannot roll back is closed.
                    let _ = tx.rollback().await;
                    Err(Error::classify(Some(&id), error))
                }
            }
        };
        read.boxed()
    }

    async fn deferred(
        &self,
        scope: TenantScope<Verified>,
        options: TransactionOptions,
    ) -> Result<TenantTransaction, Error> {
        let home = self.home(scope.record()).await?;
        home.opening.check(&scope)?;
        let span = info_span!(target: "tenant", "tenant_transaction", tenant.id = %scope.id());
        let acquired = home.pool.acquire().instrument(span.clone()).await;
        if acquired.is_err() {
            self.tell(scope.record(), &acquired);
        }
        let (object, held) = acquired?;
        let patience = home.pool.patience();
        let routes = self.routes().cloned();
        let opener =
            Opener::waiting(home.opening.clone(), scope.clone(), options, patience, routes);
        let connection = Connection::deferred(object, held, scope.id().clone(), opener);
        Ok(home.transaction_on(connection, scope, span))
    }
}

/// Names the future's type, so that whoever awaits it is `Send`.
fn loaded<'c, 'q: 'c, Q, U>(
    query: Q,
    tx: &'c mut TenantTransaction,
) -> BoxFuture<'c, diesel::QueryResult<Vec<U>>>
where
    U: Send + 'c,
    Q: AsQuery<Query = Q> + QueryIn<Tenant>,
    Q: QueryFragment<Pg> + QueryId + LoadQuery<'q, GatedConnection, U> + 'q,
{
    RunQueryDsl::load(query, tx)
}

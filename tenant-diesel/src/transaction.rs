use std::{fmt, future::Future, sync::Arc};

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};
use tenant_core::{AsyncFunc, TenantId, TenantScope, Verified, adapter::Opening};
use tracing::{Instrument, Span};

use crate::{
    Error, SharedView,
    connection::Connection,
    gate::{QueryIn, Tenant},
    gated::GatedConnection,
    handle::{
        Handle,
        sealed::{Access, Key},
    },
    look::Look,
    raw::RawTransaction,
};

/// An open transaction of one tenant: what repository code takes instead of a connection.
///
/// Queries run on `&mut tx` with [`RunQueryDsl`](crate::RunQueryDsl). Without a
/// [`commit`](Self::commit) nothing is kept: a dropped transaction is rolled back by closing its
/// connection. That frees its locks, if a statement is under way within the two seconds in which a
/// busy backend looks at its socket.
///
/// ```
/// # mod schema { diesel::table! { invoices (id) { id -> Int8, total -> Int4, } } }
/// # tenant_diesel::tenancy! { pub static TENANCY; tenant { schema::invoices } shared {} }
/// use schema::invoices;
/// use tenant_diesel::{TenantTransaction, prelude::*};
///
/// async fn open_invoices(tx: &mut TenantTransaction) -> QueryResult<i64> {
///     invoices::table.filter(invoices::total.gt(0)).count().get_result(tx).await
/// }
/// ```
pub struct TenantTransaction {
    pub(crate) connection: Connection,
    scope: TenantScope<Verified>,
    opening: Arc<Opening>,
    look: Arc<Look>,
    span: Span,
}

impl TenantTransaction {
    pub(crate) fn new(
        connection: Connection,
        scope: TenantScope<Verified>,
        opening: Arc<Opening>,
        look: Arc<Look>,
        span: Span,
    ) -> Self {
        Self { connection, scope, opening, look, span }
    }

    /// The scope that opened it.
    pub fn scope(&self) -> &TenantScope<Verified> {
        &self.scope
    }

    /// Whose it is.
    pub fn tenant_id(&self) -> &TenantId {
        self.scope.id()
    }

    /// Keeps everything that was done, and gives the connection back.
    ///
    /// Cancelled while the commit is on its way, the connection is closed and it is unknown
    /// whether the commit was done.
    ///
    /// # Errors
    /// [`Error::CommitAborted`] when a statement had failed and its error was passed over:
    /// PostgreSQL then rolls back and says nothing. [`Error::Commit`] when the server refuses
    /// now, as for a deferred constraint. [`Error::CommitUnknown`] when the connection is lost
    /// meanwhile: look before you repeat it. [`Error::Closed`] when the
    /// transaction was no longer usable.
    pub async fn commit(self) -> Result<(), Error> {
        self.connection.commit().instrument(self.span).await
    }

    /// Undoes everything that was done, and gives the connection back.
    ///
    /// # Errors
    /// [`Error::Rollback`]; the connection is closed then, which undoes it as well.
    pub async fn rollback(self) -> Result<(), Error> {
        self.connection.rollback().instrument(self.span).await
    }

    /// Ends what only read, without waiting for the answer.
    pub(crate) fn let_go(self) {
        let _entered = self.span.clone().entered();
        self.connection.let_go();
    }

    /// Runs a closure in a nested transaction, a savepoint: kept if it returns `Ok`, undone if it
    /// returns `Err`. The tenant is the same; it cannot be changed.
    ///
    /// After the savepoint is released the tenant is set once more in the same message, since a
    /// setting changed inside would stay. Cancelled on the way, the whole transaction is unusable
    /// and can only be rolled back or dropped.
    ///
    /// # Errors
    /// The closure's own; [`Error::Begin`] and [`Error::CommitAborted`] as for a transaction.
    // An `async fn` would not promise that its future is `Send`.
    #[allow(clippy::manual_async_fn)]
    pub fn transaction<'a, F, R, E>(
        &'a mut self,
        callback: F,
    ) -> impl Future<Output = Result<R, E>> + Send + 'a
    where
        for<'r> F: AsyncFunc<&'r mut Self, Result<R, E>, Fut: Send> + Send + 'a,
        E: From<Error> + Send,
        R: Send,
    {
        async move {
            self.connection.savepoint().await?;
            let mut nested = Nested { transaction: self, done: false };
            let result = callback(nested.transaction).await;
            nested.done = true;
            let transaction = &mut *nested.transaction;
            match result {
                Ok(value) => {
                    let bind = transaction.opening.bind(&transaction.scope).map_err(Error::from)?;
                    transaction.connection.release(&bind).await?;
                    Ok(value)
                }
                Err(error) => {
                    // The caller's error says more. What cannot be undone can be neither kept.
                    if let Err(undo) = transaction.connection.undo().await {
                        tracing::warn!(target: "tenant", error = %undo, "undoing failed");
                        transaction.connection.poison();
                    }
                    Err(error)
                }
            }
        }
    }

    /// A view of this transaction on which only shared tables compile. It reads them with the
    /// tenant's role, which may not write them.
    pub fn shared(&mut self) -> SharedView<'_> {
        SharedView::new(self)
    }

    /// Runs whatever SQL, with a reason that goes to the log.
    ///
    /// The statements run as the tenant's role under the tenant's policies, but SQL made at run
    /// time can end the transaction or change its settings, so the connection is closed
    /// afterwards.
    ///
    /// # Authority
    /// Unchecked. A constant with parameters does not need this: use
    /// [`sql_query`](crate::sql_query).
    pub fn raw_unchecked(&mut self, reason: &'static str) -> RawTransaction<'_> {
        let tenant = self.scope.id();
        tracing::warn!(target: "tenant", { tenant.id = %tenant, reason }, "raw SQL unchecked");
        self.connection.close_afterwards();
        RawTransaction::new(&mut self.connection)
    }

    /// What statements are looked at with.
    pub(crate) fn look(&self) -> &Look {
        &self.look
    }
}

/// Poisons the transaction unless the nested one came to its end.
struct Nested<'a> {
    transaction: &'a mut TenantTransaction,
    done: bool,
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.transaction.connection.poison();
        }
    }
}

impl Access for TenantTransaction {
    type AccessMode = Tenant;

    fn admit<Q>(&mut self, _: Key, query: &Q) -> QueryResult<&mut GatedConnection>
    where
        Q: QueryFragment<Pg> + QueryId + QueryIn<Tenant>,
    {
        if self.look.leaves_traces(query)? {
            self.connection.close_afterwards();
        }
        self.connection.open()
    }

    fn admit_changes(&mut self, _: Key) -> QueryResult<&mut GatedConnection> {
        self.connection.open()
    }
}

impl Handle for TenantTransaction {
    type Mode = Tenant;
}

impl fmt::Debug for TenantTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantTransaction").field("scope", &self.scope).finish_non_exhaustive()
    }
}

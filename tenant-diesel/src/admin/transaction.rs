use std::{fmt, future::Future, sync::Arc};

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};
use tenant_core::{AsyncFunc, CrossTenantScope};
use tracing::{Instrument, Span};

use crate::{
    Error,
    connection::Connection,
    gate::{Admin, QueryIn},
    gated::GatedConnection,
    handle::{
        Handle,
        sealed::{Access, Key},
    },
    look::Look,
    raw::RawTransaction,
};

/// An open transaction across tenants, on which every declared table can be reached, with
/// everybody's rows. [`AdminDb::begin`](crate::AdminDb::begin) opens it.
///
/// Queries run on it as on a [`TenantTransaction`](crate::TenantTransaction), and it is dropped in
/// the same way. An inserted row wants its tenant column, unless the scope is
/// [on behalf of](CrossTenantScope::on_behalf_of) a tenant. When the scope ends, queries and
/// `commit` are [`Error::Closed`]; see [`lasts`](CrossTenantScope::lasts) for what is under way then.
pub struct AdminTransaction {
    connection: Connection,
    scope: CrossTenantScope,
    look: Arc<Look>,
    span: Span,
}

impl AdminTransaction {
    pub(super) fn new(
        connection: Connection,
        scope: CrossTenantScope,
        look: Arc<Look>,
        span: Span,
    ) -> Self {
        Self { connection, scope, look, span }
    }

    /// The scope that opened it.
    pub fn scope(&self) -> &CrossTenantScope {
        &self.scope
    }

    /// As [`TenantTransaction::commit`](crate::TenantTransaction::commit).
    ///
    /// # Errors
    /// As there; [`Error::Closed`] also when the scope has ended.
    pub async fn commit(self) -> Result<(), Error> {
        self.connection.commit().instrument(self.span).await
    }

    /// As [`TenantTransaction::rollback`](crate::TenantTransaction::rollback). The audit record
    /// stays.
    ///
    /// # Errors
    /// As there.
    pub async fn rollback(self) -> Result<(), Error> {
        self.connection.rollback().instrument(self.span).await
    }

    /// As [`TenantTransaction::transaction`](crate::TenantTransaction::transaction): a savepoint.
    ///
    /// # Errors
    /// As there.
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
            let connection = &mut nested.transaction.connection;
            match result {
                Ok(value) => {
                    connection.release("").await?;
                    Ok(value)
                }
                Err(error) => {
                    // The caller's error says more. What cannot be undone can be neither kept.
                    if let Err(undo) = connection.undo().await {
                        tracing::warn!(target: "tenant", error = %undo, "undoing failed");
                        connection.poison();
                    }
                    Err(error)
                }
            }
        }
    }

    /// As [`TenantTransaction::raw_unchecked`](crate::TenantTransaction::raw_unchecked).
    ///
    /// # Authority
    /// Unchecked, and the admin's: injected, it reads every tenant, and can begin a transaction that
    /// writes. The reason is logged, and the connection is closed after the transaction.
    pub fn raw_unchecked(&mut self, reason: &'static str) -> RawTransaction<'_> {
        let actor = self.scope.actor();
        tracing::warn!(target: "tenant", actor, reason, "raw SQL unchecked across tenants");
        self.connection.close_afterwards();
        RawTransaction::new(&mut self.connection)
    }
}

/// Poisons the transaction unless the nested one came to its end.
struct Nested<'a> {
    transaction: &'a mut AdminTransaction,
    done: bool,
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.transaction.connection.poison();
        }
    }
}

impl Access for AdminTransaction {
    type AccessMode = Admin;

    fn admit<Q>(&mut self, _: Key, query: &Q) -> QueryResult<&mut GatedConnection>
    where
        Q: QueryFragment<Pg> + QueryId + QueryIn<Admin>,
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

impl Handle for AdminTransaction {
    type Mode = Admin;
}

impl fmt::Debug for AdminTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminTransaction").field("scope", &self.scope).finish_non_exhaustive()
    }
}

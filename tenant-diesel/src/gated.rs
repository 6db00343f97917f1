//! The connection that queries run on: Diesel's own, and what goes ahead of its first statement.

use std::fmt;

use diesel::{
    QueryResult,
    associations::{HasTable, Identifiable},
    dsl::{Find, Update},
    pg::Pg,
    query_builder::{
        AsChangeset, AsQuery, IntoUpdateTarget, QueryFragment, QueryId, UpdateStatement,
    },
    query_dsl::methods::FindDsl,
};
use diesel_async::{
    AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection, UpdateAndFetchResults,
    methods::LoadQuery, pooled_connection::deadpool::Object,
};
use futures_util::{FutureExt as _, future::BoxFuture};

use crate::deferred::Opener;

/// What queries on a handle run on: Diesel's own connection behind the gate.
///
/// It cannot be had; generic code names it, as in `LoadQuery<'query, GatedConnection, U>`.
pub struct GatedConnection {
    object: Object<AsyncPgConnection>,
    opener: Opener,
}

impl GatedConnection {
    pub(crate) fn new(object: Object<AsyncPgConnection>) -> Self {
        Self { object, opener: Opener::Done }
    }

    /// The same before its transaction was begun.
    pub(crate) fn deferred(object: Object<AsyncPgConnection>, opener: Opener) -> Self {
        Self { object, opener }
    }

    /// What has become of its opening.
    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    /// Sends a message whose answer nobody waits for; whether it is on its way.
    pub(crate) fn post(&self, sql: &str) -> bool {
        (&mut &*self.object).batch_execute(sql).now_or_never().is_none()
    }

    /// The pool's connection, when its transaction is over.
    pub(crate) fn into_object(self) -> Object<AsyncPgConnection> {
        self.object
    }
}

impl SimpleAsyncConnection for GatedConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        if let Opener::Done = self.opener {
            return self.object.batch_execute(sql).await;
        }
        let mut connection: &AsyncPgConnection = &self.object;
        let statement = async move { connection.batch_execute(sql).await };
        self.opener.ahead_of(connection, statement.boxed()).await
    }
}

// Who has its opening behind it pays nothing: the futures and streams are Diesel's own then.
impl AsyncConnectionCore for GatedConnection {
    type ExecuteFuture<'conn, 'query> =
        <AsyncPgConnection as AsyncConnectionCore>::ExecuteFuture<'conn, 'query>;
    type LoadFuture<'conn, 'query> =
        <AsyncPgConnection as AsyncConnectionCore>::LoadFuture<'conn, 'query>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let connection: &AsyncPgConnection = &self.object;
        let loading = AsyncConnectionCore::load(&mut &*connection, source);
        self.opener.ahead_of(connection, loading)
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let connection: &AsyncPgConnection = &self.object;
        let executing = (&mut &*connection).execute_returning_count(source);
        self.opener.ahead_of(connection, executing)
    }
}

/// As for Diesel's own connection.
impl<'b, Changes, Output, Tab, V> UpdateAndFetchResults<Changes, Output> for GatedConnection
where
    Output: Send + 'static,
    Changes: Copy + AsChangeset<Target = Tab> + Send + Identifiable<Table = Tab>,
    Tab: diesel::Table + FindDsl<Changes::Id> + 'b,
    Find<Tab, Changes::Id>: IntoUpdateTarget<Table = Tab, WhereClause = V>,
    UpdateStatement<Tab, V, Changes::Changeset>: AsQuery,
    Update<Changes, Changes>: LoadQuery<'b, Self, Output>,
    V: Send + 'b,
    Changes::Changeset: Send + 'b,
    Tab::FromClause: Send,
{
    fn update_and_fetch<'conn, 'changes>(
        &'conn mut self,
        changes: Changes,
    ) -> BoxFuture<'changes, QueryResult<Output>>
    where
        Changes: HasTable + 'changes,
        'conn: 'changes,
        Self: 'changes,
    {
        let update = async move {
            let update = diesel::update(changes).set(changes);
            diesel_async::RunQueryDsl::get_result(update, self).await
        };
        update.boxed()
    }
}

impl fmt::Debug for GatedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatedConnection").field("opener", &self.opener).finish_non_exhaustive()
    }
}

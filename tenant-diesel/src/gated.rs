//! The connection that queries run on: Diesel's own, what goes ahead of its first statement, and who
//! watches it.

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
use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _, future::BoxFuture};
use tenant_core::adapter::Watching;

use crate::{
    Error,
    deferred::Opener,
    watched::{Returned, tell},
};

/// What queries on a handle run on: Diesel's own connection behind the gate, with the pool's
/// tripwire if it has one.
///
/// It cannot be had; generic code names it, as in `LoadQuery<'query, GatedConnection, U>`.
pub struct GatedConnection {
    object: Object<AsyncPgConnection>,
    opener: Opener,
    watching: Option<Watching>,
}

impl GatedConnection {
    pub(crate) fn new(object: Object<AsyncPgConnection>) -> Self {
        Self::deferred(object, Opener::Done)
    }

    /// The same before its transaction was begun.
    pub(crate) fn deferred(object: Object<AsyncPgConnection>, opener: Opener) -> Self {
        Self { object, opener, watching: None }
    }

    /// What has become of its opening.
    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    /// Sends a message whose answer nobody waits for; whether it is on its way.
    pub(crate) fn post(&self, sql: &str) -> bool {
        (&mut &*self.object).batch_execute(sql).now_or_never().is_none()
    }

    /// From then on, rows and refusals are watched.
    pub(crate) fn watched_by(&mut self, watching: Watching) {
        self.watching = Some(watching);
    }

    /// Whether a row of another tenant came back.
    pub(crate) fn tripped(&self) -> bool {
        self.watching.as_ref().is_some_and(Watching::tripped)
    }

    /// The pool's connection, when its transaction is over.
    pub(crate) fn into_object(self) -> Object<AsyncPgConnection> {
        self.object
    }
}

impl SimpleAsyncConnection for GatedConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let result = if let Opener::Done = self.opener {
            self.object.batch_execute(sql).await
        } else {
            let mut connection: &AsyncPgConnection = &self.object;
            let statement = async move { connection.batch_execute(sql).await };
            self.opener.ahead_of(connection, statement.boxed()).await
        };
        if let Some(watching) = &self.watching {
            tell(watching, &result);
        }
        result
    }
}

// Who does not watch, and has the opening behind it, pays nothing: the futures and streams are
// Diesel's own then.
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
        let loading = self.opener.ahead_of(connection, loading);
        let Some(watching) = &self.watching else { return loading };
        let (watching, mut check) = (watching.clone(), watching.statement());
        loading
            .inspect(move |result| tell(&watching, result))
            .map_ok(move |rows| match check.take() {
                None => rows,
                Some(mut check) => rows
                    .map(move |row| {
                        let row = row?;
                        check.row(&Returned(&row)).map_err(Error::ForeignRow)?;
                        Ok(row)
                    })
                    .boxed(),
            })
            .boxed()
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
        let executing = self.opener.ahead_of(connection, executing);
        let Some(watching) = self.watching.clone() else { return executing };
        executing.inspect(move |result| tell(&watching, result)).boxed()
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
        f.debug_struct("GatedConnection")
            .field("opener", &self.opener)
            .field("watching", &self.watching)
            .finish_non_exhaustive()
    }
}

//! Diesel's `RunQueryDsl` and `SaveChangesDsl`, gated.

use diesel::{
    QueryResult,
    associations::{HasTable, Identifiable},
    dsl::Limit,
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
    query_dsl::methods::LimitDsl,
};
use diesel_async::{UpdateAndFetchResults, methods::LoadQuery};
use futures_util::{
    FutureExt, StreamExt, TryFutureExt,
    future::{BoxFuture, ready},
    stream::BoxStream,
};

use crate::{
    gate::{In, QueryIn},
    gated::GatedConnection,
    handle::{Handle, sealed::Key},
};

/// Runs a query on a handle: the methods of `diesel_async::RunQueryDsl`, with the same names.
///
/// Import this one instead. What Diesel's methods say of errors holds here too; a query that is
/// refused before it is sent fails with a `QueryBuilderError` that carries a
/// [`tenant_diesel::Error`](crate::Error). Dropping a future leaves the transaction open and the
/// statement's fate unknown until the transaction ends.
pub trait RunQueryDsl<H>: Sized {
    /// Runs the statement and returns how many rows it touched.
    fn execute<'conn, 'query>(self, handle: &'conn mut H) -> BoxFuture<'conn, QueryResult<usize>>
    where
        'query: 'conn,
        H: Handle,
        Self: QueryIn<H::Mode> + QueryFragment<Pg> + QueryId + Send + 'query,
    {
        match handle.admit(Key(()), &self) {
            Ok(connection) => diesel_async::RunQueryDsl::execute(self, connection).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    /// Runs the query and returns its rows.
    fn load<'conn, 'query, U>(self, handle: &'conn mut H) -> BoxFuture<'conn, QueryResult<Vec<U>>>
    where
        'query: 'conn,
        H: Handle,
        U: Send + 'conn,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U> + 'query,
    {
        let query = self.as_query();
        match handle.admit(Key(()), &query) {
            Ok(connection) => diesel_async::RunQueryDsl::load(query, connection).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    /// Runs the query and returns its first row, or `NotFound`.
    fn get_result<'conn, 'query, U>(self, handle: &'conn mut H) -> BoxFuture<'conn, QueryResult<U>>
    where
        'query: 'conn,
        H: Handle,
        U: Send + 'conn,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U> + 'query,
    {
        let query = self.as_query();
        match handle.admit(Key(()), &query) {
            Ok(connection) => diesel_async::RunQueryDsl::get_result(query, connection).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    /// The same as [`load`](Self::load).
    fn get_results<'conn, 'query, U>(
        self,
        handle: &'conn mut H,
    ) -> BoxFuture<'conn, QueryResult<Vec<U>>>
    where
        'query: 'conn,
        H: Handle,
        U: Send + 'conn,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U> + 'query,
    {
        self.load(handle)
    }

    /// Runs the query with `LIMIT 1` and returns its row, or `NotFound`.
    fn first<'conn, 'query, U>(self, handle: &'conn mut H) -> BoxFuture<'conn, QueryResult<U>>
    where
        'query: 'conn,
        H: Handle,
        U: Send + 'conn,
        Self: AsQuery + LimitDsl,
        <Self as AsQuery>::Query: QueryIn<H::Mode>,
        Limit<Self>: AsQuery,
        <Limit<Self> as AsQuery>::Query: QueryIn<H::Mode>
            + QueryFragment<Pg>
            + QueryId
            + LoadQuery<'query, GatedConnection, U>
            + 'query,
    {
        let query = self.limit(1).as_query();
        match handle.admit(Key(()), &query) {
            Ok(connection) => diesel_async::RunQueryDsl::get_result(query, connection).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    /// Runs the query and returns its rows as they come, in flat memory. The handle is borrowed
    /// until the stream is dropped; rows that nobody took are read and forgotten.
    fn load_stream<'conn, 'query, U>(
        self,
        handle: &'conn mut H,
    ) -> BoxFuture<'conn, QueryResult<BoxStream<'conn, QueryResult<U>>>>
    where
        'query: 'conn,
        H: Handle,
        U: Send + 'conn,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U> + 'query,
    {
        let query = self.as_query();
        match handle.admit(Key(()), &query) {
            Ok(connection) => query.internal_load(connection).map_ok(StreamExt::boxed).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }
}

impl<T, H> RunQueryDsl<H> for T {}

/// `save_changes`, as `diesel_async::SaveChangesDsl` has it.
pub trait SaveChangesDsl<H>: Sized {
    /// Writes the changes to the row that the value identifies, and returns the row as it is then.
    ///
    /// Without any change it only reads. Errors and cancellation as for [`RunQueryDsl`].
    fn save_changes<'conn, 'changes, T>(
        self,
        handle: &'conn mut H,
    ) -> BoxFuture<'changes, QueryResult<T>>
    where
        'conn: 'changes,
        H: Handle,
        T: Send + 'changes,
        Self: Identifiable + HasTable + Copy + Send + 'changes,
        <Self as HasTable>::Table: In<H::Mode>,
        GatedConnection: UpdateAndFetchResults<Self, T>,
    {
        match handle.admit_changes(Key(())) {
            Ok(connection) => connection.update_and_fetch(self),
            Err(error) => ready(Err(error)).boxed(),
        }
    }
}

impl<T, H> SaveChangesDsl<H> for T {}

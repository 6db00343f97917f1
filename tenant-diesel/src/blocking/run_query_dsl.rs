//! Diesel's `RunQueryDsl` and `SaveChangesDsl`, gated.

use diesel::{
    QueryResult,
    associations::{HasTable, Identifiable},
    dsl::Limit,
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
    query_dsl::{
        UpdateAndFetchResults,
        methods::{LimitDsl, LoadQuery},
    },
};

use super::{Handle, gated::GatedConnection, handle::sealed::Key};
use crate::gate::{In, QueryIn};

/// Runs a query on a handle: the methods of `diesel::RunQueryDsl`, with the same names.
///
/// Import this one instead. A query that is refused before it is sent fails with a
/// `QueryBuilderError` that carries a [`tenant_diesel::Error`](crate::Error).
pub trait RunQueryDsl<H>: Sized {
    /// Runs the statement and returns how many rows it touched.
    ///
    /// # Errors
    /// What the database says, or why the statement was not sent.
    fn execute(self, handle: &mut H) -> QueryResult<usize>
    where
        H: Handle,
        Self: QueryIn<H::Mode> + QueryFragment<Pg> + QueryId,
    {
        let connection = handle.admit(Key(()), &self)?;
        diesel::connection::Connection::execute_returning_count(connection, &self)
    }

    /// Runs the query and returns its rows.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    fn load<'query, U>(self, handle: &mut H) -> QueryResult<Vec<U>>
    where
        H: Handle,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U>,
    {
        let query = self.as_query();
        let connection = handle.admit(Key(()), &query)?;
        query.internal_load(connection)?.collect()
    }

    /// Runs the query and returns its first row, or `NotFound`.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and `NotFound`.
    fn get_result<'query, U>(self, handle: &mut H) -> QueryResult<U>
    where
        H: Handle,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U>,
    {
        let query = self.as_query();
        let connection = handle.admit(Key(()), &query)?;
        query.internal_load(connection)?.next().unwrap_or(Err(diesel::result::Error::NotFound))
    }

    /// The same as [`load`](Self::load).
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    fn get_results<'query, U>(self, handle: &mut H) -> QueryResult<Vec<U>>
    where
        H: Handle,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U>,
    {
        self.load(handle)
    }

    /// Runs the query with `LIMIT 1` and returns its row, or `NotFound`.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and `NotFound`.
    fn first<'query, U>(self, handle: &mut H) -> QueryResult<U>
    where
        H: Handle,
        Self: AsQuery + LimitDsl,
        <Self as AsQuery>::Query: QueryIn<H::Mode>,
        Limit<Self>: AsQuery,
        <Limit<Self> as AsQuery>::Query:
            QueryIn<H::Mode> + QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U>,
    {
        let query = self.limit(1).as_query();
        let connection = handle.admit(Key(()), &query)?;
        query.internal_load(connection)?.next().unwrap_or(Err(diesel::result::Error::NotFound))
    }

    /// Runs the query and returns its rows as an iterator: `load_iter::<U, DefaultLoadingMode>`
    /// reads them first, `load_iter::<U, PgRowByRowLoadingMode>` as they come, in flat memory.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    fn load_iter<'conn, 'query: 'conn, U, B>(
        self,
        handle: &'conn mut H,
    ) -> QueryResult<<Self::Query as LoadQuery<'query, GatedConnection, U, B>>::RowIter<'conn>>
    where
        H: Handle,
        U: 'conn,
        Self: AsQuery,
        Self::Query: QueryIn<H::Mode>,
        Self::Query: QueryFragment<Pg> + QueryId + LoadQuery<'query, GatedConnection, U, B> + 'conn,
    {
        let query = self.as_query();
        let connection = handle.admit(Key(()), &query)?;
        query.internal_load(connection)
    }
}

impl<T, H> RunQueryDsl<H> for T {}

/// `save_changes`, as `diesel::SaveChangesDsl` has it.
pub trait SaveChangesDsl<H>: Sized {
    /// Writes the changes to the row that the value identifies, and returns the row as it is then.
    ///
    /// # Errors
    /// What the database says, or why the statement was not sent.
    fn save_changes<T>(self, handle: &mut H) -> QueryResult<T>
    where
        H: Handle,
        Self: Identifiable + HasTable + Copy,
        <Self as HasTable>::Table: In<H::Mode>,
        GatedConnection: UpdateAndFetchResults<Self, T>,
    {
        handle.admit_changes(Key(()))?.update_and_fetch(self)
    }
}

impl<T, H> SaveChangesDsl<H> for T {}

// Diesel's `LoadQuery` wants its own trait on everything that is run.
macro_rules! run_by_diesel {
    ($($query:ident),+) => {
        $(impl<Conn, Q> diesel::RunQueryDsl<Conn> for crate::$query<Q> {})+
    };
}
run_by_diesel!(Gated, Scanned, ConstantSql);

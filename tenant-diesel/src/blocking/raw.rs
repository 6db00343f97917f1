//! The escape for raw SQL. Constants run with [`sql_query`](crate::sql_query).

use std::fmt;

use diesel::{
    QueryResult, RunQueryDsl, connection::SimpleConnection, deserialize::QueryableByName, pg::Pg,
};

use super::connection::Connection;

/// A transaction's connection without the gate, for raw SQL; made by `raw_unchecked`.
pub struct RawTransaction<'a> {
    connection: &'a mut Connection,
}

impl<'a> RawTransaction<'a> {
    pub(super) fn new(connection: &'a mut Connection) -> Self {
        Self { connection }
    }

    /// Runs a batch of statements.
    ///
    /// # Errors
    /// What the database says, or that the transaction can no longer be used.
    pub fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.connection.open()?.batch_execute(sql)
    }

    /// Runs a statement and returns how many rows it touched.
    ///
    /// # Errors
    /// What the database says, or that the transaction can no longer be used.
    pub fn execute(&mut self, sql: impl Into<String>) -> QueryResult<usize> {
        diesel::sql_query(sql).execute(self.connection.open()?)
    }

    /// Runs a query and returns its rows.
    ///
    /// # Errors
    /// What the database says, or that the transaction can no longer be used.
    pub fn load<U>(&mut self, sql: impl Into<String>) -> QueryResult<Vec<U>>
    where
        U: QueryableByName<Pg> + 'static,
    {
        diesel::sql_query(sql).load(self.connection.open()?)
    }
}

impl fmt::Debug for RawTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawTransaction").finish_non_exhaustive()
    }
}

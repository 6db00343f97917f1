//! The connection that queries run on: Diesel's own, and who watches it.

use std::fmt;

use diesel::{
    AsChangeset, ConnectionError, ConnectionResult, PgConnection, QueryResult,
    associations::HasTable,
    connection::{
        AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
        LoadConnection, SimpleConnection, TransactionManager,
    },
    dsl::Update,
    expression::{MixedAggregates, QueryMetadata, ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{IntoUpdateTarget, Query, QueryFragment, QueryId},
    query_dsl::{UpdateAndFetchResults, methods::LoadQuery},
    r2d2::{ConnectionManager, PooledConnection},
};
use tenant_core::adapter::{RowCheck, Watching};

use crate::{
    Error,
    watched::{Returned, tell},
};

/// What queries on a handle run on: Diesel's own connection behind the gate, with the pool's
/// tripwire if it has one.
///
/// It cannot be had; generic code names it, as in `LoadQuery<'query, GatedConnection, U>`.
pub struct GatedConnection {
    object: PooledConnection<ConnectionManager<PgConnection>>,
    watching: Option<Watching>,
}

impl GatedConnection {
    pub(super) fn new(object: PooledConnection<ConnectionManager<PgConnection>>) -> Self {
        Self { object, watching: None }
    }

    /// From then on, rows and refusals are watched.
    pub(super) fn watched_by(&mut self, watching: Watching) {
        self.watching = Some(watching);
    }

    /// Whether a row of another tenant came back.
    pub(super) fn tripped(&self) -> bool {
        self.watching.as_ref().is_some_and(Watching::tripped)
    }

    /// Sends the message that opens a transaction. Diesel's manager knows of the transaction from
    /// here on, and r2d2 asks it whether a connection that comes back is broken.
    pub(super) fn begin(&mut self, message: &str) -> QueryResult<()> {
        AnsiTransactionManager::begin_transaction_sql(&mut *self.object, message)
    }

    /// A connection whose manager is in error is not taken back by the pool.
    pub(super) fn close(&mut self) {
        AnsiTransactionManager::transaction_manager_status_mut(&mut *self.object).set_in_error();
    }

    fn told<T>(&self, result: QueryResult<T>) -> QueryResult<T> {
        if let Some(watching) = &self.watching {
            tell(watching, &result);
        }
        result
    }
}

impl SimpleConnection for GatedConnection {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let result = self.object.batch_execute(sql);
        self.told(result)
    }
}

impl ConnectionSealed for GatedConnection {}

impl Connection for GatedConnection {
    type Backend = Pg;
    type TransactionManager = AnsiTransactionManager;

    /// Never: a transaction of the pool's is the only way to one.
    fn establish(_: &str) -> ConnectionResult<Self> {
        let why = "a gated connection is opened by `TenantDb` alone; use `db.begin(&scope)`";
        Err(ConnectionError::BadConnection(why.to_owned()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
    {
        let result = self.object.execute_returning_count(source);
        self.told(result)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.object.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.object.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.object.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.object.set_prepared_statement_cache_size(size);
    }
}

impl<B> LoadConnection<B> for GatedConnection
where
    PgConnection: LoadConnection<B> + Connection<Backend = Pg>,
{
    type Cursor<'conn, 'query> =
        GatedRows<<PgConnection as LoadConnection<B>>::Cursor<'conn, 'query>>;
    type Row<'conn, 'query> = <PgConnection as LoadConnection<B>>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Pg> + QueryId + 'query,
        Pg: QueryMetadata<T::SqlType>,
    {
        let check = self.watching.as_ref().and_then(Watching::statement);
        let rows = LoadConnection::<B>::load(&mut *self.object, source);
        if let Some(watching) = &self.watching {
            tell(watching, &rows);
        }
        Ok(GatedRows { rows: rows?, check })
    }
}

/// Diesel's rows, looked at as they come.
pub struct GatedRows<I> {
    rows: I,
    check: Option<RowCheck>,
}

impl<'a, I, R> Iterator for GatedRows<I>
where
    I: Iterator<Item = QueryResult<R>>,
    R: diesel::row::Row<'a, Pg>,
{
    type Item = QueryResult<R>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let Some(check) = &mut self.check else { return Some(row) };
        Some(row.and_then(|row| {
            check.row(&Returned(&row)).map_err(Error::ForeignRow)?;
            Ok(row)
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// As for Diesel's own connection.
impl<'b, Changes, Output> UpdateAndFetchResults<Changes, Output> for GatedConnection
where
    Changes: Copy + AsChangeset<Target = <Changes as HasTable>::Table> + IntoUpdateTarget,
    Update<Changes, Changes>: LoadQuery<'b, Self, Output>,
    <Changes::Table as diesel::Table>::AllColumns: ValidGrouping<()>,
    <<Changes::Table as diesel::Table>::AllColumns as ValidGrouping<()>>::IsAggregate:
        MixedAggregates<is_aggregate::No, Output = is_aggregate::No>,
{
    fn update_and_fetch(&mut self, changes: Changes) -> QueryResult<Output> {
        diesel::RunQueryDsl::get_result(diesel::update(changes).set(changes), self)
    }
}

impl fmt::Debug for GatedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatedConnection").field("watching", &self.watching).finish_non_exhaustive()
    }
}

impl<I> fmt::Debug for GatedRows<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatedRows").field("check", &self.check).finish_non_exhaustive()
    }
}

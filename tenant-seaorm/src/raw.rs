//! Raw SQL: constants with bind parameters, and the loud way for everything else.

use std::{fmt, marker::PhantomData};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, ExecResult, FromQueryResult, QueryResult, Statement,
    StreamTrait, TryGetableMany, Value, Values,
};

use crate::{
    Error, TenantTransaction,
    link::Link,
    nesting::Level,
    statements::{RowStream, RowStreamFuture},
};

/// What every raw entry point of SeaORM's traits answers on a tenant's transaction.
pub(crate) const fn refused() -> Error {
    Error::RawSql {
        why: "for a constant with values call `tx.raw(\"…\", values)`; for SQL made at run time, \
              and for `execute_unprepared`, use `tx.raw_unchecked(\"reason\")`",
    }
}

impl TenantTransaction {
    /// Raw SQL that is a constant of the program, with its values bound: `$1`, `$2`…
    ///
    /// One statement only. Row security holds for it as for any query. If the statement may leave
    /// something behind on the connection (`LISTEN`, advisory locks…), the connection is closed
    /// after the transaction. One that changes settings or the role, or begins or ends transactions,
    /// is refused.
    ///
    /// ```no_run
    /// # async fn f(tx: &tenant_seaorm::TenantTransaction) -> Result<(), sea_orm::DbErr> {
    /// let row = tx.raw("SELECT sum(amount) AS total FROM invoice WHERE amount > $1", [100.into()])
    ///     .one()
    ///     .await?;
    /// let total: Option<i64> = row.map(|row| row.try_get("", "total")).transpose()?;
    /// # Ok(()) }
    /// ```
    pub fn raw(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> RawStatement<'_> {
        RawStatement::new(&self.link, self.level, sql, values)
    }

    /// The transaction with SeaORM's raw entry points switched on: for SQL that is put together at
    /// run time, and for code that calls them.
    ///
    /// # Authority
    /// What such SQL says is up to whoever wrote it. Injected, it can leave the transaction, the
    /// role, and the tenant behind. The reason is logged, and
    /// the connection is closed after the transaction instead of being lent to the next tenant.
    pub fn raw_unchecked(&self, reason: &'static str) -> RawTransaction<'_> {
        let tenant = self.tenant_id();
        tracing::warn!(target: "tenant", { tenant.id = %tenant, reason }, "raw SQL is switched on");
        RawTransaction::new(&self.link, self.level)
    }
}

/// A raw statement that waits to be run; made by [`TenantTransaction::raw`] and
/// [`AdminTransaction::raw`](crate::AdminTransaction::raw).
#[must_use = "it runs when `all`, `one` or `execute` is called"]
pub struct RawStatement<'a> {
    link: &'a Link,
    level: Level,
    statement: Statement,
}

impl<'a> RawStatement<'a> {
    pub(crate) fn new(
        link: &'a Link,
        level: Level,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        let values = Some(Values(values.into_iter().collect()));
        let statement = Statement { sql: sql.to_owned(), values, db_backend: DbBackend::Postgres };
        Self { link, level, statement }
    }

    /// Runs it and returns all rows.
    pub async fn all(self) -> Result<Vec<QueryResult>, DbErr> {
        self.link.query_all(self.level, self.statement).await
    }

    /// Runs it and returns the first row, if there is one.
    pub async fn one(self) -> Result<Option<QueryResult>, DbErr> {
        self.link.query_one(self.level, self.statement).await
    }

    /// Runs it and returns how many rows it touched.
    pub async fn execute(self) -> Result<ExecResult, DbErr> {
        self.link.execute(self.level, self.statement).await
    }

    /// Reads its rows as this model.
    pub fn into_model<M: FromQueryResult>(self) -> RawRows<'a, M> {
        RawRows { raw: self, read: |row| M::from_query_result(row, ""), row: PhantomData }
    }

    /// Reads its rows as tuples, by the columns' order.
    pub fn into_tuple<T: TryGetableMany>(self) -> RawRows<'a, T> {
        RawRows {
            raw: self,
            read: |row| T::try_get_many_by_index(row).map_err(Into::into),
            row: PhantomData,
        }
    }
}

impl fmt::Debug for RawStatement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawStatement").field("statement", &self.statement).finish_non_exhaustive()
    }
}

/// A raw statement whose rows are read as `R`.
#[must_use = "it runs when `all` or `one` is called"]
pub struct RawRows<'a, R> {
    raw: RawStatement<'a>,
    read: fn(&QueryResult) -> Result<R, DbErr>,
    row: PhantomData<fn() -> R>,
}

impl<R> RawRows<'_, R> {
    /// Runs it and returns all rows.
    pub async fn all(self) -> Result<Vec<R>, DbErr> {
        self.raw.all().await?.iter().map(self.read).collect()
    }

    /// Runs it and returns the first row, if there is one.
    pub async fn one(self) -> Result<Option<R>, DbErr> {
        self.raw.one().await?.as_ref().map(self.read).transpose()
    }
}

impl<R> fmt::Debug for RawRows<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRows").field("raw", &self.raw).finish_non_exhaustive()
    }
}

/// A transaction on which raw SQL runs; made by [`TenantTransaction::raw_unchecked`] and
/// [`AdminTransaction::raw_unchecked`](crate::AdminTransaction::raw_unchecked).
///
/// It implements SeaORM's `ConnectionTrait` and `StreamTrait`, so `find_by_statement` and
/// `from_raw_sql` work on it.
#[derive(Clone, Copy)]
pub struct RawTransaction<'a> {
    link: &'a Link,
    level: Level,
}

impl<'a> RawTransaction<'a> {
    pub(crate) fn new(link: &'a Link, level: Level) -> Self {
        Self { link, level }
    }

    fn statement(self, stmt: Statement) -> Statement {
        self.link.mark_traces();
        stmt
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for RawTransaction<'_> {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.link.execute(self.level.unchecked(), self.statement(stmt)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.link.mark_traces();
        self.link.execute_unprepared(self.level.unchecked(), sql).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.link.query_one(self.level.unchecked(), self.statement(stmt)).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.link.query_all(self.level.unchecked(), self.statement(stmt)).await
    }
}

impl StreamTrait for RawTransaction<'_> {
    type Stream<'b>
        = RowStream<'b>
    where
        Self: 'b;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw(&self, stmt: Statement) -> RowStreamFuture<'_> {
        self.link.stream(self.level.unchecked(), self.statement(stmt))
    }
}

impl fmt::Debug for RawTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawTransaction").field("level", &self.level).finish_non_exhaustive()
    }
}

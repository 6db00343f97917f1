//! Raw SQL: constants that may run, and the escape for everything else.

use std::{fmt, marker::PhantomData};

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{HasSqlType, Untyped},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{FutureExt, future::ready};

use crate::{
    connection::Connection,
    gate::{Admin, QueryIn, Tenant},
};

/// Raw SQL that is a constant of the program, for a tenant's transaction. Values go in as
/// parameters, `$1` and so on, with [`bind`](ConstantSql::bind).
///
/// It takes a `&'static str`, so that nothing from a request gets into it. SQL made at run time
/// needs [`raw_unchecked`](crate::TenantTransaction::raw_unchecked).
///
/// A constant that may leave something behind on its connection (`LISTEN`, advisory locks…) runs,
/// too; the connection is closed afterwards. One that changes settings or the role, or begins or
/// ends transactions, is refused.
///
/// ```
/// # use diesel::{QueryableByName, sql_types::BigInt};
/// use tenant_diesel::{TenantTransaction, prelude::*, sql_query};
///
/// #[derive(QueryableByName)]
/// struct Total {
///     #[diesel(sql_type = BigInt)]
///     total: i64,
/// }
///
/// async fn total(tx: &mut TenantTransaction, over: i64) -> QueryResult<Total> {
///     sql_query("SELECT count(*) AS total FROM invoices WHERE amount > $1")
///         .bind::<BigInt, _>(over)
///         .get_result(tx)
///         .await
/// }
/// ```
pub fn sql_query(sql: &'static str) -> ConstantSql {
    ConstantSql { sql, binds: NoBinds }
}

/// What [`sql_query`] makes.
#[derive(Debug, Clone, Copy)]
#[must_use = "Queries are only executed when calling `load`, `get_result` or similar."]
pub struct ConstantSql<B = NoBinds> {
    sql: &'static str,
    binds: B,
}

/// No parameters yet.
#[derive(Debug, Clone, Copy)]
pub struct NoBinds;

/// Parameters, the last one named.
#[derive(Debug, Clone, Copy)]
pub struct Bind<B, ST, V> {
    before: B,
    value: V,
    sql_type: PhantomData<fn() -> ST>,
}

impl<B> ConstantSql<B> {
    /// The next parameter.
    pub fn bind<ST, V>(self, value: V) -> ConstantSql<Bind<B, ST, V>> {
        ConstantSql {
            sql: self.sql,
            binds: Bind { before: self.binds, value, sql_type: PhantomData },
        }
    }
}

impl QueryFragment<Pg> for NoBinds {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

impl<B, ST, V> QueryFragment<Pg> for Bind<B, ST, V>
where
    B: QueryFragment<Pg>,
    Pg: HasSqlType<ST>,
    V: ToSql<ST, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.before.walk_ast(out.reborrow())?;
        out.push_bind_param_value_only(&self.value)
    }
}

impl<B: QueryFragment<Pg>> QueryFragment<Pg> for ConstantSql<B> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.sql);
        self.binds.walk_ast(out)
    }
}

impl<B> QueryId for ConstantSql<B> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B> Query for ConstantSql<B> {
    type SqlType = Untyped;
}

impl<B> QueryIn<Tenant> for ConstantSql<B> {}

impl<B> QueryIn<Admin> for ConstantSql<B> {}

/// A transaction's connection without the gate, for raw SQL; made by `raw_unchecked`.
///
/// It is a connection for diesel-async's own traits: `raw.batch_execute(sql)`, and
/// `diesel_async::RunQueryDsl::load(query, &mut raw)`. It has no transactions of its own.
pub struct RawTransaction<'a> {
    connection: &'a mut Connection,
}

impl<'a> RawTransaction<'a> {
    pub(crate) fn new(connection: &'a mut Connection) -> Self {
        Self { connection }
    }
}

impl SimpleAsyncConnection for RawTransaction<'_> {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.connection.open()?.batch_execute(sql).await
    }
}

impl AsyncConnectionCore for RawTransaction<'_> {
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
        match self.connection.open() {
            Ok(connection) => AsyncConnectionCore::load(connection, source),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        match self.connection.open() {
            Ok(connection) => connection.execute_returning_count(source),
            Err(error) => ready(Err(error)).boxed(),
        }
    }
}

impl fmt::Debug for RawTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawTransaction").finish_non_exhaustive()
    }
}

//! Everything used of what SeaORM and sqlx do inside, in one place, so that a new version is read
//! against one file.

use std::{sync::Arc, time::Duration};

use crate::Error;
use sea_orm::{
    ConnAcquireErr, ConnectOptions, DbErr, RuntimeErr, SqlxPostgresConnector, SqlxPostgresError,
    Statement, Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, Postgres, Row as _,
    postgres::PgSeverity,
};
use tenant_core::Pooler;
use tracing::{dispatcher, instrument::WithSubscriber as _, subscriber::NoSubscriber};

/// Where nobody answers, for a pool that is to make no further connection.
#[cfg(feature = "migration")]
pub(crate) fn nowhere() -> sqlx::postgres::PgConnectOptions {
    sqlx::postgres::PgConnectOptions::new_without_pgpass()
        .socket("/the connection was lost and is not made again")
}

/// The pool that SeaORM itself would make of these options, so that all of them mean the same.
pub(crate) async fn pool(options: ConnectOptions) -> Result<PgPool, DbErr> {
    let url = options.get_url().to_owned();
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(DbErr::Conn(RuntimeErr::Internal(
            "the URL must begin with postgres:// or postgresql://".to_owned(),
        )));
    }
    let connect = SqlxPostgresConnector::connect(options);
    // SeaORM records the options in a trace span, password included. Where nobody listens to
    // spans nothing is changed: a subscriber, even this one, would end what `tracing` says to `log`.
    let listened = dispatcher::get_default(|d| !d.is::<NoSubscriber>());
    let connected =
        if listened { connect.with_subscriber(NoSubscriber::new()).await } else { connect.await };
    match connected {
        Ok(database) => Ok(database.get_postgres_connection_pool().clone()),
        // sqlx waited for the server to come up and does not say what it was told meanwhile.
        Err(DbErr::Conn(RuntimeErr::SqlxError(error)))
            if matches!(*error, sqlx::Error::PoolTimedOut) =>
        {
            Err(reason(&url).await)
        }
        Err(error) => Err(error),
    }
}

/// Why no connection can be made: one attempt says it.
async fn reason(url: &str) -> DbErr {
    let attempt = tokio::time::timeout(Duration::from_secs(1), PgConnection::connect(url));
    match attempt.await {
        Ok(Err(error)) => connect_err(error),
        _ => connect_err(sqlx::Error::PoolTimedOut),
    }
}

/// A statement with its values bound, as SeaORM's driver binds them.
///
/// Behind a pooler that does not keep statements it leaves no named one behind; sqlx's
/// `statement_cache_capacity(0)` does not do that.
pub(crate) fn query(
    statement: &Statement,
    pooler: Pooler,
) -> sqlx::query::Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
        .persistent(pooler.keeps_statements())
}

/// Sends one or more statements as one message of the simple protocol and waits for its end.
///
/// sqlx's own count of open transactions is never touched: it would add a message per commit.
pub(crate) async fn message(conn: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    conn.execute(AssertSqlSafe(sql)).await.map(drop)
}

/// The answer of a query of one row with one boolean, sent likewise.
pub(crate) async fn asked(conn: &mut PgConnection, sql: &str) -> Result<bool, sqlx::Error> {
    conn.fetch_one(AssertSqlSafe(sql)).await?.try_get(0)
}

/// Reads to the end of what a dropped call left on its way, so that no later call gets its answer.
///
/// An error of that call is passed over: its caller is gone, and the server remembers it in the
/// state of the transaction.
pub(crate) async fn settle(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    // At most one error is pending per message that was on its way, and there was one call.
    for _ in 0..4 {
        match conn.ping().await {
            Err(error) if refusal(&error) => {}
            result => return result,
        }
    }
    conn.ping().await
}

/// What PostgreSQL said, if it was PostgreSQL that said it.
pub(crate) fn server_error(error: &DbErr) -> Option<&SqlxPostgresError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            error.as_database_error()?.try_downcast_ref()
        }
        _ => None,
    }
}

/// Whether the server refused, and the connection stays usable.
pub(crate) fn refusal(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| {
        e.try_downcast_ref::<SqlxPostgresError>()
            .is_some_and(|e| !matches!(e.severity(), PgSeverity::Fatal | PgSeverity::Panic))
    })
}

/// Whether the connection is gone: nothing of the message that failed so can have been done but
/// `BEGIN`.
pub(crate) fn dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(_) => !refusal(error),
        _ => false,
    }
}

/// Whether a prepared statement's result is no longer what it was.
pub(crate) fn stale_plan(error: &sqlx::Error) -> bool {
    sqlstate(error).as_deref() == Some("0A000")
}

/// Whether the database could not be reached.
pub(crate) fn unreachable(error: &Error) -> bool {
    match error {
        Error::Connect { .. } => true,
        Error::Begin { source: DbErr::Exec(RuntimeErr::SqlxError(source)), .. } => dead(source),
        _ => false,
    }
}

/// The SQLSTATE, if the server said one.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

// SeaORM's own distinction: what executes, what queries, what connects.

pub(crate) fn exec_err(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

pub(crate) fn query_err(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

pub(crate) fn connect_err(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    }
}

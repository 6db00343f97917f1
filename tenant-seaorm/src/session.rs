use std::fmt;

use futures_util::lock::Mutex;
use sea_orm::SqlxPostgresError;
use sqlx::{
    AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, Row as _, pool::PoolConnection,
    postgres::PgPoolOptions,
};
use tenant_core::{
    JsonRow, Notifications, Pooler, SessionError, SqlSession, rows_as_json, rows_from_json,
};

use crate::{Error, internals, notifications};

/// How many connections a session has unless told otherwise.
const CONNECTIONS: u32 = 2;

/// Core's way to a database: for installing [`Isolation`](crate::Isolation), and for
/// [`SqlRegistry`](crate::SqlRegistry).
///
/// It knows no tenant and does what its login may do.
///
/// # Authority
/// Give it the login that its task needs: the owner or a superuser to install, the `…_registry`
/// login for the registry. Never the application's own login.
///
/// ```no_run
/// # async fn f(tenancy: &tenant_seaorm::Tenancy) -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_seaorm::{Isolation, Layout, PgSession, SqlRegistry};
///
/// let admin = PgSession::connect("postgres://postgres@localhost/shop").await?;
/// Isolation::new(tenancy, &Layout::new("shop")?)?.apply(&admin).await?;
///
/// let registry = PgSession::connect("postgres://shop_registry@localhost/shop").await?;
/// let registry = SqlRegistry::new(registry);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PgSession {
    pool: PgPool,
    pooler: Pooler,
}

impl PgSession {
    /// Connects, with at most two connections.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection can be made.
    pub async fn connect(url: impl Into<String>) -> Result<Self, Error> {
        Self::connect_behind(url, Pooler::None).await
    }

    /// The same behind a pooler: for the registry. What wants a session is refused there: listening,
    /// installing, export, lint and probe.
    ///
    /// Nothing looks for a pooler that was not declared.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection can be made, [`Error::Pooler`] when the pooler says why.
    pub async fn connect_behind(url: impl Into<String>, pooler: Pooler) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect(&url.into())
            .await
            .map_err(Error::connect)?;
        Ok(Self { pool, pooler })
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait::async_trait]
impl SqlSession for PgSession {
    /// Each batch has a connection of its own, which is closed afterwards: whatever a batch sets,
    /// opens or breaks ends with it. Dropped half-way, it may have run or not.
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        let mut conn = self.pool.acquire().await.map_err(session_error)?;
        conn.close_on_drop();
        internals::message(&mut conn, sql).await.map_err(session_error)
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        if self.pooler.keeps_statements() {
            return rows(&self.pool, sql, params, true).await;
        }
        // The pooler must not hand the connection on between the driver's messages.
        let mut guard = Guard(Some(self.pool.acquire().await.map_err(session_error)?));
        let conn = guard.conn()?;
        internals::message(conn, "BEGIN").await.map_err(session_error)?;
        let rows = rows(&mut *conn, sql, params, false).await?;
        internals::message(conn, "COMMIT").await.map_err(session_error)?;
        guard.give_back();
        Ok(rows)
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        self.pooler.session()?;
        let conn = self.pool.acquire().await.map_err(session_error)?;
        Ok(Box::new(Dedicated::new(conn.detach())))
    }

    async fn listen(&self, channel: &str) -> Result<Box<dyn Notifications>, SessionError> {
        self.pooler.session()?;
        notifications::listen(&self.pool, channel).await
    }
}

/// Closes its connection unless it is given back: it may be inside of a transaction.
struct Guard(Option<PoolConnection<Postgres>>);

impl Guard {
    fn conn(&mut self) -> Result<&mut PgConnection, SessionError> {
        self.0.as_deref_mut().ok_or_else(|| SessionError::driver("the connection is gone"))
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut conn) = self.0.take() {
            conn.close_on_drop();
        }
    }
}

/// One connection, taken out of the pool for good.
pub(crate) struct Dedicated(Mutex<PgConnection>);

impl Dedicated {
    pub(crate) fn new(conn: PgConnection) -> Self {
        Self(Mutex::new(conn))
    }
}

#[async_trait::async_trait]
impl SqlSession for Dedicated {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        internals::message(&mut *self.0.lock().await, sql).await.map_err(session_error)
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        rows(&mut *self.0.lock().await, sql, params, true).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Err(SessionError::driver(ALREADY_DEDICATED))
    }
}

pub(crate) const ALREADY_DEDICATED: &str =
    "this session is one connection already; ask the session that it came from for another";

pub(crate) async fn rows<'c>(
    executor: impl Executor<'c, Database = Postgres>,
    sql: &str,
    params: &[&str],
    prepared: bool,
) -> Result<Vec<JsonRow>, SessionError> {
    let mut query = sqlx::query(AssertSqlSafe(rows_as_json(sql))).persistent(prepared);
    for param in params {
        query = query.bind(*param);
    }
    let row = query.fetch_one(executor).await.map_err(session_error)?;
    let text: String = row.try_get(0).map_err(session_error)?;
    rows_from_json(&text)
}

pub(crate) fn session_error(error: sqlx::Error) -> SessionError {
    let server = error.as_database_error().and_then(|e| e.try_downcast_ref::<SqlxPostgresError>());
    let sqlstate = server.map(|e| e.code().to_owned());
    let constraint = server.and_then(|e| e.constraint()).map(str::to_owned);
    SessionError::driver(error).sqlstate(sqlstate).constraint(constraint)
}

impl fmt::Debug for PgSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgSession").finish_non_exhaustive()
    }
}

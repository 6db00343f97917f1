use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use diesel::{
    ConnectionResult, QueryableByName,
    pg::Pg,
    query_builder::{BoxedSqlQuery, SqlQuery},
    result::Error as DieselError,
    sql_types::Text,
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::{future::BoxFuture, lock::Mutex};
use tenant_core::{
    JsonRow, Notifications, Pooler, SessionError, SqlSession, adapter::CLEAR_NUMBERED,
    rows_as_json, rows_from_json,
};

use crate::{Error, notifications, pooler::Way};

/// How many connections a session has at most.
const MAX_CONNECTIONS: usize = 2;

/// How long a caller waits for one of them.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Plain SQL for core's tools: the registry, installing the isolation.
///
/// # Authority
/// It knows no tenant and does what its login may do: `…_registry` for a
/// [`SqlRegistry`](crate::SqlRegistry), the owner of the tables for
/// [`Isolation::apply`](crate::Isolation::apply). Never give it the data of requests.
///
/// ```no_run
/// # async fn f(tenancy: &tenant_diesel::Tenancy) -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_diesel::{Isolation, Layout, PgSession, SqlRegistry};
///
/// let admin = PgSession::connect("postgres://postgres@localhost/shop").await?;
/// Isolation::new(tenancy, &Layout::new("shop")?)?.apply(&admin).await?;
///
/// let registry = PgSession::connect("postgres://shop_registry@localhost/shop").await?;
/// let registry = SqlRegistry::new(registry).key(tenancy.key());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PgSession {
    pool: Pool<AsyncPgConnection>,
    pooler: Pooler,
}

impl PgSession {
    /// Opens one connection, so that a refused login is told here; a second one when needed.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection could be made.
    pub async fn connect(url: impl Into<String>) -> Result<Self, Error> {
        Self::connect_behind(url, Pooler::None).await
    }

    /// The same behind a pooler: for the registry. What wants a session is refused there: listening,
    /// installing, export, lint and probe.
    ///
    /// Nothing looks for a pooler that was not declared.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection could be made, [`Error::Pooler`] when the pooler says why.
    pub async fn connect_behind(url: impl Into<String>, pooler: Pooler) -> Result<Self, Error> {
        Self::open(Way::new(url.into(), pooler, None), pooler).await
    }

    /// The same with connections made in your own way, as diesel-async's
    /// `ManagerConfig::custom_setup` does: for TLS, say.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection could be made.
    pub async fn connect_custom<F>(url: impl Into<String>, setup: F) -> Result<Self, Error>
    where
        F: Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> + Send + Sync + 'static,
    {
        Self::connect_custom_behind(url, Pooler::None, setup).await
    }

    /// [`connect_custom`](Self::connect_custom) behind a pooler, with what
    /// [`connect_behind`](Self::connect_behind) refuses. In transaction mode begin a transaction on the
    /// connection before Diesel sets it up (`docs/poolers.md` shows how); the session ends it.
    ///
    /// # Errors
    /// [`Error::Connect`] when no connection could be made, [`Error::Pooler`] when the pooler says why.
    pub async fn connect_custom_behind<F>(
        url: impl Into<String>,
        pooler: Pooler,
        setup: F,
    ) -> Result<Self, Error>
    where
        F: Fn(&str) -> BoxFuture<'_, ConnectionResult<AsyncPgConnection>> + Send + Sync + 'static,
    {
        Self::open(Way::new(url.into(), pooler, Some(Arc::new(setup))), pooler).await
    }

    async fn open(way: Way, pooler: Pooler) -> Result<Self, Error> {
        let url = way.url().to_owned();
        let mut config = ManagerConfig::default();
        config.custom_setup = Box::new(move |_| way.connect());
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder(manager)
            .max_size(MAX_CONNECTIONS)
            .build()
            .map_err(|e| Error::Connect { source: e.into() })?;
        let session = Self { pool, pooler };
        drop(session.acquire().await.map_err(Error::not_connected)?);
        Ok(session)
    }

    /// A connection that goes back to the pool only if all goes well: a failed batch may have left
    /// it inside a transaction.
    async fn acquire(&self) -> Result<Guard, SessionError> {
        let object = tokio::time::timeout(ACQUIRE_TIMEOUT, self.pool.get())
            .await
            .map_err(|_| SessionError::driver("no connection became free; try again"))?
            .map_err(SessionError::driver)?;
        Ok(Guard(Some(object)))
    }
}

/// Closes its connection unless it is given back.
struct Guard(Option<Object<AsyncPgConnection>>);

impl Guard {
    fn connection(&mut self) -> Result<&mut AsyncPgConnection, SessionError> {
        self.0.as_deref_mut().ok_or_else(|| SessionError::driver("the connection is gone"))
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

#[derive(QueryableByName)]
pub(crate) struct Rows {
    #[diesel(sql_type = Text)]
    pub(crate) rows: String,
}

#[async_trait]
impl SqlSession for PgSession {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        let mut guard = self.acquire().await?;
        guard.connection()?.batch_execute(sql).await.map_err(session_error)?;
        guard.give_back();
        Ok(())
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        let mut guard = self.acquire().await?;
        let connection = guard.connection()?;
        let rows = if self.pooler.keeps_statements() {
            rows(connection, sql, params).await?
        } else {
            // The pooler must not hand the connection on between the driver's messages.
            let begin = format!("BEGIN; {CLEAR_NUMBERED}");
            connection.batch_execute(&begin).await.map_err(session_error)?;
            let rows = rows(connection, sql, params).await?;
            connection.batch_execute("COMMIT").await.map_err(session_error)?;
            rows
        };
        guard.give_back();
        Ok(rows)
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        self.pooler.session()?;
        let mut guard = self.acquire().await?;
        let object =
            guard.0.take().ok_or_else(|| SessionError::driver("the connection is gone"))?;
        Ok(Box::new(Dedicated::new(object)))
    }

    /// Where connections are made in your own way, notifications arrive if they are made with
    /// diesel-async's `try_from_client_and_connection`; its `try_from` hears none.
    async fn listen(&self, channel: &str) -> Result<Box<dyn Notifications>, SessionError> {
        self.pooler.session()?;
        let mut guard = self.acquire().await?;
        let object =
            guard.0.take().ok_or_else(|| SessionError::driver("the connection is gone"))?;
        notifications::listen(object, channel).await
    }
}

/// One connection, taken out of the pool for good.
pub(crate) struct Dedicated(Mutex<AsyncPgConnection>);

impl Dedicated {
    pub(crate) fn new(object: Object<AsyncPgConnection>) -> Self {
        Self(Mutex::new(Object::take(object)))
    }
}

#[async_trait]
impl SqlSession for Dedicated {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.0.lock().await.batch_execute(sql).await.map_err(session_error)
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        rows(&mut *self.0.lock().await, sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Err(SessionError::driver(ALREADY_DEDICATED))
    }
}

pub(crate) const ALREADY_DEDICATED: &str =
    "this session is one connection already; ask the session that it came from for another";

pub(crate) async fn rows(
    connection: &mut AsyncPgConnection,
    sql: &str,
    params: &[&str],
) -> Result<Vec<JsonRow>, SessionError> {
    let rows: Rows =
        RunQueryDsl::get_result(query(sql, params), connection).await.map_err(session_error)?;
    rows_from_json(&rows.rows)
}

pub(crate) fn query<'a>(sql: &str, params: &[&str]) -> BoxedSqlQuery<'a, Pg, SqlQuery> {
    params.iter().fold(diesel::sql_query(rows_as_json(sql)).into_boxed::<Pg>(), |query, param| {
        query.bind::<Text, _>((*param).to_owned())
    })
}

pub(crate) fn session_error(error: DieselError) -> SessionError {
    let constraint = match &error {
        DieselError::DatabaseError(_, info) => info.constraint_name().map(str::to_owned),
        _ => None,
    };
    SessionError::driver(error).constraint(constraint)
}

impl fmt::Debug for PgSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgSession")
            .field("pool", &self.pool.status())
            .field("pooler", &self.pooler)
            .finish()
    }
}

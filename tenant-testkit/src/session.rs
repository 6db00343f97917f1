use std::{error::Error as StdError, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::BytesMut;
use tenant_core::{JsonRow, SessionError, SqlSession, rows_as_json, rows_from_json};
use tokio::sync::Mutex;
use tokio_postgres::{
    Client, Config, NoTls,
    types::{Format, IsNull, ToSql, Type, to_sql_checked},
};

use crate::{Error, background};

/// A session in a test's database: the superuser's, for preparing a test and for looking behind the
/// walls, or that of a role, for being held by them.
///
/// It connects with the first statement, and again when the connection was lost. It works from any
/// runtime. Statements of several callers take turns on its one connection. After an error it rolls
/// back whatever transaction is open, so that the next statement finds the session usable.
///
/// Dropping a future does not stop its statement, which runs to its end.
///
/// # Authority
/// The superuser's: everything. No grant and no policy holds it; it shows what is there, never what
/// a tenant may see. A role's: what that role may.
#[derive(Debug, Clone)]
pub struct TestSession {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    client: Mutex<Option<Client>>,
    /// What a call leaves open is there for the next, also after an error.
    dedicated: bool,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("database", &self.config.get_dbname()).finish_non_exhaustive()
    }
}

impl TestSession {
    pub(crate) fn new(config: Config) -> Self {
        Self { inner: Arc::new(Inner { config, client: Mutex::new(None), dedicated: false }) }
    }

    /// [`batch`](SqlSession::batch) for callers that cannot await; the thread waits.
    pub fn batch_blocking(&self, sql: &str) -> Result<(), SessionError> {
        background::run_blocking(Arc::clone(&self.inner).batch(sql.to_owned()))
    }

    /// [`rows`](SqlSession::rows) for callers that cannot await; the thread waits.
    pub fn rows_blocking(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        background::run_blocking(Arc::clone(&self.inner).rows(sql.to_owned(), owned(params)))
    }

    /// Closes the connection; the next statement opens another.
    pub async fn close(&self) {
        let client = self.inner.client.lock().await.take();
        drop(client);
    }
}

#[async_trait]
impl SqlSession for TestSession {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        background::run(Arc::clone(&self.inner).batch(sql.to_owned())).await
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        background::run(Arc::clone(&self.inner).rows(sql.to_owned(), owned(params))).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        let config = self.inner.config.clone();
        let inner = Arc::new(Inner { config, client: Mutex::new(None), dedicated: true });
        let session = Self { inner };
        // Connected at once: from then on a lost connection is an error.
        session.batch("").await?;
        Ok(Box::new(session))
    }
}

fn owned(params: &[&str]) -> Vec<String> {
    params.iter().map(ToString::to_string).collect()
}

impl Inner {
    async fn batch(self: Arc<Self>, sql: String) -> Result<(), SessionError> {
        let mut slot = self.client.lock().await;
        let client = self.connected(&mut slot).await?;
        let done = client.batch_execute(&sql).await;
        self.tidy(client, done).await
    }

    async fn rows(
        self: Arc<Self>,
        sql: String,
        params: Vec<String>,
    ) -> Result<Vec<JsonRow>, SessionError> {
        let mut slot = self.client.lock().await;
        let client = self.connected(&mut slot).await?;
        let params: Vec<Text> = params.into_iter().map(Text).collect();
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|text| text as _).collect();
        let row = client.query_one(&rows_as_json(&sql), &params).await;
        let text: String = self.tidy(client, row.and_then(|row| row.try_get(0))).await?;
        rows_from_json(&text)
    }

    /// The connection, opened where there is none or the last one broke.
    async fn connected<'a>(
        &self,
        slot: &'a mut Option<Client>,
    ) -> Result<&'a Client, SessionError> {
        if slot.as_ref().is_some_and(Client::is_closed) && !self.dedicated {
            *slot = None;
        }
        if let Some(client) = slot {
            return Ok(client);
        }
        let (client, connection) = self.config.connect(NoTls).await.map_err(session_error)?;
        background::spawn(async move {
            // What breaks it is told to whoever runs the next statement.
            if let Err(why) = connection.await {
                tracing::debug!(%why, "a session's connection ended");
            }
        })?;
        Ok(slot.insert(client))
    }

    /// After an error a shared session must be usable again: no transaction left open.
    async fn tidy<T>(
        &self,
        client: &Client,
        done: Result<T, tokio_postgres::Error>,
    ) -> Result<T, SessionError> {
        if done.is_err()
            && !self.dedicated
            && !client.is_closed()
            && let Err(why) = client.batch_execute("ROLLBACK").await
        {
            tracing::debug!(%why, "could not roll back");
        }
        done.map_err(session_error)
    }
}

/// The driver says "db error" and keeps what the server said for the source; say it at once.
pub(crate) fn session_error(error: tokio_postgres::Error) -> SessionError {
    match error.as_db_error() {
        Some(said) => SessionError::driver(said.clone())
            .sqlstate(Some(said.code().code()))
            .constraint(said.constraint()),
        None => SessionError::driver(DriverError(error)),
    }
}

#[derive(Debug)]
struct DriverError(tokio_postgres::Error);

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(why) => write!(f, "{}: {why}", self.0),
            None => self.0.fmt(f),
        }
    }
}

impl StdError for DriverError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl From<Error> for SessionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Session(error) => error,
            error => Self::driver(error),
        }
    }
}

/// A parameter as text, whatever type the server infers for it.
#[derive(Debug)]
struct Text(String);

impl ToSql for Text {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

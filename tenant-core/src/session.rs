use std::{error::Error as StdError, fmt};

use async_trait::async_trait;

/// One row: its columns by name.
pub type JsonRow = serde_json::Map<String, serde_json::Value>;

/// Core's only way to a database. The adapters implement it, so that what core does there
/// (install, look up tenants, lint, probe) is written once.
///
/// # Authority
/// A session does what its login may do and knows no tenant: give it the login that the task
/// needs and no other.
#[async_trait]
pub trait SqlSession: Send + Sync {
    /// Runs a batch of statements as one message. Unless it says `BEGIN` itself, PostgreSQL runs
    /// it as one transaction: all or nothing.
    ///
    /// # Errors
    /// What the server or the driver said.
    async fn batch(&self, sql: &str) -> Result<(), SessionError>;

    /// Runs one statement with text parameters (`$1`, `$2`…) and returns its rows.
    ///
    /// A `numeric` or `bigint` that must keep its digits outside of Rust wants a cast to text.
    ///
    /// # Errors
    /// What the server or the driver said.
    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError>;

    /// A session of one connection of its own, on which what a call leaves open (a transaction, a
    /// setting, a lock) is there for the next, also after an error. Dropping it closes the
    /// connection, and the server rolls back; a lost connection is not made again.
    ///
    /// # Errors
    /// What the server or the driver said of a new connection.
    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError>;

    /// Listens on a channel, on a connection of its own: from the return of this call on, every
    /// `NOTIFY` on it is heard, or an error says that one may have been missed. Dropping what comes
    /// back closes the connection.
    ///
    /// # Errors
    /// What the server or the driver said; and, as by default, that this session cannot listen.
    async fn listen(&self, channel: &str) -> Result<Box<dyn Notifications>, SessionError> {
        let _ = channel;
        Err(SessionError::driver(
            "this session cannot listen for notifications; use the async `PgSession` of \
             tenant-seaorm or tenant-diesel",
        ))
    }
}

/// What is heard on a channel of PostgreSQL's `NOTIFY`.
///
/// Everybody who can connect to the database can send one, with any payload: it tells that something
/// may have changed, and never what is so.
#[async_trait]
pub trait Notifications: Send {
    /// Waits for the next one and returns its payload.
    ///
    /// Dropping the future loses none. A connection that is gone without a word is not noticed: it
    /// is silent, as a channel is on which nobody speaks.
    ///
    /// # Errors
    /// When the connection is lost. It is not made again, since what was sent meanwhile was missed;
    /// every later call says so again.
    async fn next(&mut self) -> Result<String, SessionError>;
}

#[async_trait]
impl<S: SqlSession + ?Sized> SqlSession for std::sync::Arc<S> {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        (**self).batch(sql).await
    }
    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        (**self).rows(sql, params).await
    }
    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        (**self).dedicated().await
    }
    async fn listen(&self, channel: &str) -> Result<Box<dyn Notifications>, SessionError> {
        (**self).listen(channel).await
    }
}

/// The query that answers with all rows of `sql` as one JSON text in one column, named `rows`:
/// what an adapter sends for [`SqlSession::rows`], whatever types its driver knows.
pub fn rows_as_json(sql: &str) -> String {
    format!(
        "WITH q AS ({sql}) SELECT coalesce(json_agg(row_to_json(q)), '[]')::text AS rows FROM q"
    )
}

/// Reads what [`rows_as_json`] answered.
///
/// # Errors
/// When the text is not what that query answers.
pub fn rows_from_json(text: &str) -> Result<Vec<JsonRow>, SessionError> {
    serde_json::from_str(text).map_err(SessionError::driver)
}

/// What went wrong in a [`SqlSession`], with what PostgreSQL said of it where the driver tells.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionError {
    /// PostgreSQL's code, where the driver shows it.
    pub sqlstate: Option<String>,
    /// The constraint that the error names.
    pub constraint: Option<String>,
    source: Box<dyn StdError + Send + Sync>,
}

impl SessionError {
    /// An error of the driver or the network.
    pub fn driver(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { sqlstate: None, constraint: None, source: source.into() }
    }

    /// The same with PostgreSQL's code.
    pub fn sqlstate(mut self, sqlstate: Option<impl Into<String>>) -> Self {
        self.sqlstate = sqlstate.map(Into::into);
        self
    }

    /// The same with the name of a constraint.
    pub fn constraint(mut self, constraint: Option<impl Into<String>>) -> Self {
        self.constraint = constraint.map(Into::into);
        self
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sqlstate {
            Some(sqlstate) => write!(f, "{} (SQLSTATE {sqlstate})", self.source),
            None => self.source.fmt(f),
        }
    }
}

impl StdError for SessionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use diesel::{
    Connection as _, PgConnection, RunQueryDsl, connection::SimpleConnection,
    result::Error as DieselError,
};
use tenant_core::{
    JsonRow, Pooler, SessionError, SqlSession, TenantRegistry, TenantScope, Unverified, Verified,
    VerifyError, rows_from_json,
};

use crate::{
    Error,
    session::{ALREADY_DEDICATED, Rows, query, session_error},
};

/// Verifies a claim where nothing is async: the thread waits for the registry.
///
/// The registry's session must be one that needs no runtime, such as [`PgSession`] here; the async
/// one needs Tokio's.
///
/// # Errors
/// As [`TenantScope::verify`].
pub fn verify<R>(
    claim: TenantScope<Unverified>,
    registry: &R,
) -> Result<TenantScope<Verified>, VerifyError>
where
    R: TenantRegistry + ?Sized,
{
    pollster::block_on(claim.verify(registry))
}

/// Plain SQL for core's tools over one sync connection: the registry, installing the isolation.
///
/// It has one connection, on which callers take turns. Its futures do their work when they are first polled, on the polling thread. A lost connection
/// is made again by the next call.
///
/// # Authority
/// It knows no tenant and does what its login may do: `…_registry` for a
/// [`SqlRegistry`](crate::SqlRegistry), the owner of the tables for
/// [`Isolation::apply`](crate::Isolation::apply). Never give it the data of requests.
pub struct PgSession {
    url: String,
    pooler: Pooler,
    connection: Mutex<Option<PgConnection>>,
}

impl PgSession {
    /// Opens the connection.
    ///
    /// # Errors
    /// [`Error::Connect`] when it could not be made.
    pub fn connect(url: impl Into<String>) -> Result<Self, Error> {
        Self::connect_behind(url, Pooler::None)
    }

    /// The same behind a pooler: for the registry. What wants a session is refused there: listening,
    /// installing, export, lint and probe.
    ///
    /// Nothing looks for a pooler that was not declared.
    ///
    /// # Errors
    /// [`Error::Connect`] when it could not be made, [`Error::Pooler`] when the pooler says why.
    pub fn connect_behind(url: impl Into<String>, pooler: Pooler) -> Result<Self, Error> {
        let url = url.into();
        let connection = PgConnection::establish(&url).map_err(Error::not_connected)?;
        Ok(Self { url, pooler, connection: Mutex::new(Some(connection)) })
    }

    /// Runs on the connection, which is kept only if all went well: a failed batch may have left
    /// it inside a transaction.
    fn run<R>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<R, DieselError>,
    ) -> Result<R, SessionError> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => PgConnection::establish(&self.url).map_err(SessionError::driver)?,
        };
        let result = work(&mut connection).map_err(session_error)?;
        *slot = Some(connection);
        Ok(result)
    }
}

#[async_trait]
impl SqlSession for PgSession {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.run(|connection| connection.batch_execute(sql))
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        let rows: Rows = self.run(|connection| query(sql, params).get_result(connection))?;
        rows_from_json(&rows.rows)
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        self.pooler.session()?;
        let connection = PgConnection::establish(&self.url).map_err(SessionError::driver)?;
        Ok(Box::new(Dedicated(Mutex::new(connection))))
    }
}

/// One connection, which is never made again.
struct Dedicated(Mutex<PgConnection>);

impl Dedicated {
    fn run<R>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<R, DieselError>,
    ) -> Result<R, SessionError> {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)).map_err(session_error)
    }
}

#[async_trait]
impl SqlSession for Dedicated {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.run(|connection| connection.batch_execute(sql))
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        let rows: Rows = self.run(|connection| query(sql, params).get_result(connection))?;
        rows_from_json(&rows.rows)
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Err(SessionError::driver(ALREADY_DEDICATED))
    }
}

impl fmt::Debug for PgSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgSession").finish_non_exhaustive()
    }
}

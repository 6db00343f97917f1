//! The pool as something to be judged.

use async_trait::async_trait;
use tenant_core::{
    CheckIsolation, Error as CoreError, JsonRow, Lint, Probe, Report, SessionError, SqlSession,
};

use crate::{TenantDb, pool::ConnectionPool, session::Dedicated};

#[async_trait]
impl CheckIsolation for TenantDb {
    fn lint(&self) -> Lint {
        self.check().lint()
    }

    fn probe(&self) -> Probe {
        self.check().probe()
    }

    async fn run_lint(&self, lint: &Lint) -> Result<Report, CoreError> {
        self.check().session()?;
        lint.run(&Own(self.pool())).await
    }

    async fn run_probe(&self, probe: &Probe) -> Result<Report, CoreError> {
        self.check().session()?;
        probe.run(&Own(self.pool())).await
    }
}

/// The application's own login, for the checks alone: nothing else may have a connection that
/// nobody scoped.
struct Own<'p>(&'p ConnectionPool);

#[async_trait]
impl SqlSession for Own<'_> {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.dedicated().await?.batch(sql).await
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        self.dedicated().await?.rows(sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        let (object, _held) = self.0.acquire().await.map_err(SessionError::driver)?;
        Ok(Box::new(Dedicated::new(object)))
    }
}

//! The pool as something to be judged.

use async_trait::async_trait;
use tenant_core::{CheckIsolation, Error as CoreError, Lint, Probe, Report};

use super::{PgSession, TenantDb};
use crate::Error;

/// Its futures do their work when they are first polled, on the polling thread, on a connection that
/// is made for it.
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
        lint.run(&self.own()?).await
    }

    async fn run_probe(&self, probe: &Probe) -> Result<Report, CoreError> {
        self.check().session()?;
        probe.run(&self.own()?).await
    }
}

impl TenantDb {
    /// The application's own login, for the checks alone: nothing else may have a connection that
    /// nobody scoped.
    fn own(&self) -> Result<PgSession, CoreError> {
        PgSession::connect(self.url()).map_err(|why: Error| CoreError::Session {
            source: tenant_core::SessionError::driver(why),
        })
    }
}

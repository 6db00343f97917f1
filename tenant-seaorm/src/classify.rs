//! What an error of SeaORM's or of the driver's means here.

use sea_orm::{DbErr, SqlxPostgresError};
use tenant_core::{
    PoolerTrouble, TenantId,
    adapter::{AdminOpening, Refusal, StartupCheck},
};

use crate::{Error, internals, watched::refusal};

/// What a sealed database names the refusal of a tenant that is not active.
const NOT_ACTIVE: &str = "tenant_suspended";

impl Error {
    /// Sorts what an ORM call gave: a row refused by row security, a missing tenant, a missing
    /// grant; everything else is [`Error::Orm`].
    ///
    /// What this crate itself refused comes as [`Error::Orm`], too, with ours inside: match on what
    /// [`Error::find`] finds.
    pub fn classify(tenant: Option<&TenantId>, error: DbErr) -> Self {
        let Some(server) = internals::server_error(&error) else {
            return Self::Orm(error);
        };
        match server.constraint() {
            Some("tenant_no_context") => return Self::NoTenantContext { source: error },
            Some("tenant_not_sealed") => return Self::NotSealed { source: error },
            Some("tenant_moving") => {
                return Self::Moving { tenant: tenant.cloned(), source: error };
            }
            _ => {}
        }
        let tenant = tenant.cloned();
        match refusal(server) {
            Some(Refusal::Quota) => Self::QuotaExceeded { tenant, source: error },
            Some(Refusal::Row(table)) => Self::RlsViolation { tenant, table, source: error },
            Some(Refusal::Grant) => Self::PermissionDenied { source: error },
            _ => Self::Orm(error),
        }
    }

    pub(crate) fn connect(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::CLOSED,
            error => Self::not_connected(internals::connect_err(error)),
        }
    }

    /// No connection could be made, or nothing could be asked on it.
    pub(crate) fn not_connected(source: DbErr) -> Self {
        let server = internals::server_error(&source);
        let constraint = server.and_then(SqlxPostgresError::constraint);
        match PoolerTrouble::of(constraint, &source.to_string()) {
            Some(trouble) => Self::Pooler { trouble, source },
            None => Self::Connect { source },
        }
    }

    /// The opening was refused, or its answer did not come.
    pub(crate) fn not_begun(tenant: Option<TenantId>, error: sqlx::Error) -> Self {
        let source = internals::exec_err(error);
        let found = internals::server_error(&source).and_then(SqlxPostgresError::constraint);
        if found == Some(NOT_ACTIVE) {
            Self::NotActive { tenant, source }
        } else {
            Self::Begin { tenant, source }
        }
    }

    /// The start-up check said no, or could not be asked.
    pub(crate) fn not_started(error: sqlx::Error) -> Self {
        let source = internals::exec_err(error);
        let found = internals::server_error(&source).and_then(SqlxPostgresError::constraint);
        if found == Some(StartupCheck::CONSTRAINT) {
            Self::NotIsolated { source }
        } else {
            Self::not_connected(source)
        }
    }

    /// The admin's pool was given another login, or it could not be asked.
    pub(crate) fn not_admin(error: sqlx::Error) -> Self {
        let source = internals::exec_err(error);
        let found = internals::server_error(&source).and_then(SqlxPostgresError::constraint);
        if found == Some(AdminOpening::CONSTRAINT) {
            Self::NotAdmin { source }
        } else {
            Self::not_connected(source)
        }
    }

    pub(crate) const CLOSED: Self =
        Self::Closed { why: "`TenantDb::close` was called; make a new `TenantDb`" };
}

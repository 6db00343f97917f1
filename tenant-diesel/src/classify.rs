//! What an error of Diesel's or of the driver's means here.

use std::error::Error as StdError;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use tenant_core::{
    PoolerTrouble, TenantId,
    adapter::{AdminOpening, Refusal, StartupCheck},
};

use crate::{Error, watched::refusal};

/// What a sealed database names the refusal of a tenant that is not active.
const NOT_ACTIVE: &str = "tenant_suspended";

impl Error {
    /// Says what a Diesel error means here. An error of ours that travelled inside one comes out
    /// again.
    pub fn classify(tenant: Option<&TenantId>, error: DieselError) -> Self {
        let error = match error {
            DieselError::QueryBuilderError(inner) => match inner.downcast::<Self>() {
                Ok(ours) => return *ours,
                Err(inner) => DieselError::QueryBuilderError(inner),
            },
            other => other,
        };
        let DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) = &error else {
            return Self::Orm(error);
        };
        match info.constraint_name() {
            Some("tenant_no_context") => return Self::NoTenantContext { source: error },
            Some("tenant_not_sealed") => return Self::NotSealed { source: error },
            Some("tenant_moving") => {
                return Self::Moving { tenant: tenant.cloned(), source: error };
            }
            _ => {}
        }
        let tenant = tenant.cloned();
        match refusal(&error) {
            Some(Refusal::Quota) => Self::QuotaExceeded { tenant, source: error },
            Some(Refusal::Row(table)) => Self::RlsViolation { tenant, table, source: error },
            Some(Refusal::Grant) => Self::PermissionDenied { source: error },
            _ => Self::Orm(error),
        }
    }

    /// No connection could be made, or nothing could be asked on it.
    pub(crate) fn not_connected(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        let constraint = match source.downcast_ref() {
            Some(DieselError::DatabaseError(_, info)) => info.constraint_name(),
            _ => None,
        };
        match PoolerTrouble::of(constraint, &source.to_string()) {
            Some(trouble) => Self::Pooler { trouble, source },
            None => Self::Connect { source },
        }
    }

    /// The opening was refused, or its answer did not come.
    pub(crate) fn not_begun(tenant: Option<TenantId>, source: DieselError) -> Self {
        let found =
            |info: &dyn DatabaseErrorInformation| info.constraint_name() == Some(NOT_ACTIVE);
        match &source {
            DieselError::DatabaseError(_, info) if found(&**info) => {
                Self::NotActive { tenant, source }
            }
            _ => Self::Begin { tenant, source },
        }
    }

    /// The start-up check said no, or could not be asked.
    pub(crate) fn not_started(source: DieselError) -> Self {
        let found = |info: &dyn DatabaseErrorInformation| {
            info.constraint_name() == Some(StartupCheck::CONSTRAINT)
        };
        match &source {
            DieselError::DatabaseError(_, info) if found(&**info) => Self::NotIsolated { source },
            _ => Self::not_connected(source),
        }
    }

    /// The admin's pool was given another login, or it could not be asked.
    pub(crate) fn not_admin(source: DieselError) -> Self {
        let found = |info: &dyn DatabaseErrorInformation| {
            info.constraint_name() == Some(AdminOpening::CONSTRAINT)
        };
        match &source {
            DieselError::DatabaseError(_, info) if found(&**info) => Self::NotAdmin { source },
            _ => Self::not_connected(source),
        }
    }

    /// Whether the database could not be reached.
    pub(crate) fn is_unreachable(&self) -> bool {
        use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
        match self {
            Self::Connect { .. } => true,
            Self::Begin { source: DieselError::DatabaseError(kind, _), .. } => {
                matches!(kind, UnableToSendCommand | ClosedConnection)
            }
            _ => false,
        }
    }

    pub(crate) const CLOSED: Self =
        Self::Closed { why: "`TenantDb::close` was called; make a new `TenantDb`" };
}

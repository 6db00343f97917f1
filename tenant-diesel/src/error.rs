use std::{error::Error as StdError, time::Duration};

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use tenant_core::TenantId;

/// What can go wrong, with what to do about it. Queries on a handle return Diesel's own error; one
/// of these may be inside it ([`Error::find`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused before the database was asked: a stale scope, a key of another type, a bad name.
    #[error(transparent)]
    Core(#[from] tenant_core::Error),
    /// No connection could be made.
    #[error(
        "could not connect to the database: {source}; check the address, the login and that the server runs"
    )]
    Connect {
        /// What the driver said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No connection became free in time.
    #[error(
        "none of the pool's {max} connections became free within {waited:?}; \
         keep transactions short, or raise `max_connections`"
    )]
    PoolExhausted {
        /// The pool's size.
        max: usize,
        /// How long the caller waited.
        waited: Duration,
    },
    /// The transaction could not be opened. Nothing of the caller's ran.
    #[error("could not open a transaction{}: {source}; nothing was run", of(tenant.as_ref()))]
    Begin {
        /// The tenant, if it was for one.
        tenant: Option<TenantId>,
        /// What the database said.
        source: DieselError,
    },
    /// A statement had failed earlier, and PostgreSQL answers a commit then with a rollback.
    #[error(
        "the transaction{} was rolled back instead of committed, because a statement in it had \
         failed; handle that statement's error, or run it in a nested transaction",
        of(tenant.as_ref())
    )]
    CommitAborted {
        /// The tenant, if it was for one.
        tenant: Option<TenantId>,
    },
    /// The server refused the commit, as for a deferred constraint. Nothing was committed.
    #[error("the commit{} was refused: {source}; nothing was committed", of(tenant.as_ref()))]
    Commit {
        /// The tenant, if it was for one.
        tenant: Option<TenantId>,
        /// What the database said.
        source: DieselError,
    },
    /// The connection was lost while committing.
    #[error(
        "the connection was lost during the commit{}: {source}; it is unknown whether it was done, \
         so look before you repeat it",
        of(tenant.as_ref())
    )]
    CommitUnknown {
        /// The tenant, if it was for one.
        tenant: Option<TenantId>,
        /// What the driver said.
        source: DieselError,
    },
    /// The rollback failed; the connection was closed, which rolls back as well.
    #[error("the rollback{} failed: {source}; the connection was closed instead", of(tenant.as_ref()))]
    Rollback {
        /// The tenant, if it was for one.
        tenant: Option<TenantId>,
        /// What the database said.
        source: DieselError,
    },
    /// The transaction can no longer be used.
    #[error("this transaction can no longer be used: {why}; begin a new one")]
    Closed {
        /// What became of it.
        why: &'static str,
    },
    /// SQL that does not run without being asked for by name. It was not sent.
    #[error("this statement was not run: {why}; if it must, use `raw_unchecked(\"why\")`")]
    RawSql {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A statement on a shared handle touches a tenant's table. It was not sent.
    #[error(
        "this statement touches the tenant table `{table}`, but runs on a handle without a tenant; \
         run it in a tenant's transaction: `db.begin(&scope)`"
    )]
    TenantTable {
        /// The table.
        table: String,
    },
    /// Row security refused a row: it belongs to another tenant.
    #[error(
        "row security refused a row{}: {source}; a row can only be written for the \
         transaction's own tenant, so leave the tenant column to its default",
        of(tenant.as_ref())
    )]
    RlsViolation {
        /// The tenant whose transaction it was.
        tenant: Option<TenantId>,
        /// The table, where the database says.
        table: Option<String>,
        /// What the database said.
        source: DieselError,
    },
    /// The statement ran where no tenant was set.
    #[error(
        "no tenant was set where a tenant's table was used: {source}; open the transaction with `db.begin(&scope)`"
    )]
    NoTenantContext {
        /// What the database said.
        source: DieselError,
    },
    /// The role has no privilege for it.
    #[error(
        "the database refused it: {source}; declare the table in `tenancy!` and apply the \
         isolation, or use the handle that may touch it"
    )]
    PermissionDenied {
        /// What the database said.
        source: DieselError,
    },
    /// Anything else that Diesel said.
    #[error(transparent)]
    Orm(DieselError),
}

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
        if info.constraint_name() == Some("tenant_no_context") {
            return Self::NoTenantContext { source: error };
        }
        // Diesel shows no SQLSTATE. `Isolation` makes the login speak English where it may.
        let message = info.message();
        if message.contains("violates row-level security policy") {
            let table = message.split('"').rev().nth(1).map(str::to_owned);
            return Self::RlsViolation { tenant: tenant.cloned(), table, source: error };
        }
        if message.starts_with("permission denied") {
            return Self::PermissionDenied { source: error };
        }
        Self::Orm(error)
    }

    /// The error of ours inside another one, such as Diesel's, if there is one.
    pub fn find<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(ours) = error.downcast_ref() {
                return Some(ours);
            }
            next = error.source();
        }
        None
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        Self::classify(None, error)
    }
}

/// Lets a function that returns Diesel's `QueryResult` use `?` on `begin` and `commit`.
impl From<Error> for DieselError {
    fn from(error: Error) -> Self {
        match error {
            // What the database said of a commit keeps its kind, for code that repeats on a
            // serialization failure.
            Error::Orm(error) | Error::Commit { source: error, .. } => error,
            ours => Self::QueryBuilderError(Box::new(ours)),
        }
    }
}

fn of(tenant: Option<&TenantId>) -> String {
    tenant.map_or_else(String::new, |tenant| format!(" of tenant {tenant}"))
}

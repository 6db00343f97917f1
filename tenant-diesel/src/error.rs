use std::{error::Error as StdError, time::Duration};

use diesel::result::Error as DieselError;
use tenant_core::{
    AuditRecord, ForeignRow, PoolerTrouble, TenantId, VerifyError, adapter::Refusal,
};

/// What went wrong with a tenant's handle, or on it.
///
/// Queries on a handle give Diesel's own error, as in any repository code; what this crate itself
/// refuses comes inside of one there, and [`Error::find`] finds it. The other way round,
/// `Error: From<diesel::result::Error>` sorts what PostgreSQL refused ([`Error::classify`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Refused before anything was sent: a stale scope, an id of another type, a declaration that
    /// cannot hold.
    #[error(transparent)]
    Core(#[from] tenant_core::Error),
    /// The claim was not verified: for functions that verify, begin and commit with one `?`.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// No connection could be made.
    #[error(
        "could not connect to PostgreSQL: {source}; check that it runs, and the URL's host, login \
         and password"
    )]
    Connect {
        /// What the driver said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The database would not keep tenants apart, so the pool did not open.
    #[error(
        "this database would not keep tenants apart, so the pool does not open: {source}\n\
         Mend that (all at once: `Isolation::plan` and `run`, under the pool's layout), or say why \
         it must open all the same: \
         `.without_startup_check_unchecked(\"the reason\")`"
    )]
    NotIsolated {
        /// What was found, in the words of `lint`.
        source: DieselError,
    },
    /// An [`AdminDb`](crate::AdminDb) was given another login than the admin's.
    #[error(
        "this pool is for work across tenants, and opens with the admin's login alone: {source}; \
         give that login a password, and its URL to `AdminDb`"
    )]
    NotAdmin {
        /// Whose login it is.
        source: DieselError,
    },
    /// The pooler before the database was not declared, or cannot work. The pool did not open.
    #[error("{trouble}. What was said: {source}")]
    Pooler {
        /// What is wrong, and what to set.
        trouble: PoolerTrouble,
        /// What the server or the pooler said.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No connection became free in time.
    #[error(
        "all {max} connections were in use for {waited:?}; end transactions sooner, or raise \
         `max_connections` or `acquire_timeout`"
    )]
    PoolExhausted {
        /// The pool's size.
        max: u32,
        /// How long this call waited.
        waited: Duration,
    },
    /// The transaction could not be opened. Nothing ran in it.
    #[error(
        "could not open a transaction{}: {source}; nothing ran in it. Has the isolation been \
         installed in this database, under the same layout, and has the pool's sealing key, if it \
         has one, been added (`SealKeys::add`)?", of(tenant.as_ref())
    )]
    Begin {
        /// For which tenant; none on a shared handle.
        tenant: Option<TenantId>,
        /// What the server or the driver said.
        source: DieselError,
    },
    /// The database knows that the tenant is not active; a sealed one asks. The scope is of before.
    #[error(
        "the transaction{} was not opened, nothing ran in it: {source}; its scope was verified \
         before that was so, so answer as for a tenant that `verify` refuses", of(tenant.as_ref())
    )]
    NotActive {
        /// Which tenant.
        tenant: Option<TenantId>,
        /// What the server said.
        source: DieselError,
    },
    /// A statement failed earlier and nobody rolled it back, so there was nothing to commit.
    #[error(
        "a statement failed earlier in the transaction{}, so it was rolled back instead of \
         committed; handle that statement's error, or run it in a nested transaction",
        of(tenant.as_ref())
    )]
    CommitAborted {
        /// Whose transaction; none on a shared handle.
        tenant: Option<TenantId>,
    },
    /// The server refused to commit. Nothing was committed.
    #[error(
        "the transaction{} could not be committed, nothing of it was: {source}; run it again if \
         the error is a passing one", of(tenant.as_ref())
    )]
    Commit {
        /// Whose transaction; none on a shared handle.
        tenant: Option<TenantId>,
        /// What the server said.
        source: DieselError,
    },
    /// The connection was lost while committing: nobody on this side knows whether it was
    /// committed.
    #[error(
        "the connection was lost while committing the transaction{}, and it is unknown whether it \
         was committed: {source}; look before you run it again", of(tenant.as_ref())
    )]
    CommitUnknown {
        /// Whose transaction; none on a shared handle.
        tenant: Option<TenantId>,
        /// What the driver said.
        source: DieselError,
    },
    /// The rollback could not be confirmed. The connection is closed, so nothing was committed.
    #[error(
        "the rollback{} could not be confirmed: {source}; the connection is closed instead, and \
         nothing was committed", of(tenant.as_ref())
    )]
    Rollback {
        /// Whose transaction; none on a shared handle.
        tenant: Option<TenantId>,
        /// What the driver said.
        source: DieselError,
    },
    /// The transaction can no longer be used.
    #[error("the transaction can no longer be used: {why}")]
    Closed {
        /// Why, and what to do about it.
        why: &'static str,
    },
    /// Raw SQL that is not allowed here.
    #[error("raw SQL is not allowed here: {why}")]
    RawSql {
        /// What to call instead.
        why: &'static str,
    },
    /// A statement on a shared handle touches a table that is not shared. It was not sent.
    #[error(
        "the statement touches the table `{table}`, which is not declared as shared, so it was not \
         sent; run it on a tenant's transaction (`db.begin(&scope)`), or declare the table under \
         `shared` in `tenancy!`"
    )]
    TenantTable {
        /// The table.
        table: String,
    },
    /// Row security refused a row that belongs to another tenant.
    #[error(
        "row security refused a row{}{}: {source}; a row belongs to the transaction's tenant, so \
         leave the tenant column out and let its default fill it",
        in_table(table.as_ref()), of(tenant.as_ref())
    )]
    RlsViolation {
        /// The transaction's tenant, where the caller said.
        tenant: Option<TenantId>,
        /// The table, where the server's message names it.
        table: Option<String>,
        /// What the server said.
        source: DieselError,
    },
    /// A quota of the tenant is used up. Nothing of the statement was done.
    #[error("a quota{} is used up: {source}", of(tenant.as_ref()))]
    QuotaExceeded {
        /// The transaction's tenant, where the caller said.
        tenant: Option<TenantId>,
        /// What the server said, with the quota's name.
        source: DieselError,
    },
    /// A tenant table was touched where no tenant is set.
    #[error(
        "no tenant is set: {source}; tenant tables are reached through `db.begin(&scope)` alone"
    )]
    NoTenantContext {
        /// What the server said.
        source: DieselError,
    },
    /// The transaction's tenant is not sealed: something other than `begin` has set it, or the pool
    /// has no key.
    #[error(
        "the tenant of this transaction is not sealed: {source}; it is set by `db.begin(&scope)` alone, \
         on a pool that was built with `.seal(Seal::new(key))`"
    )]
    NotSealed {
        /// What the server said.
        source: DieselError,
    },
    /// The tenant is being moved, and its rows are not written any more where the scope says that it lives.
    /// Nothing of the statement was done.
    #[error(
        "a move{} goes on: {source}; verify the scope again, \
         `scope.to_claim().verify(&registry).await?`, and run the transaction again: it succeeds when the \
         tenant has arrived", of(tenant.as_ref())
    )]
    Moving {
        /// The transaction's tenant, where the caller said.
        tenant: Option<TenantId>,
        /// What the server said.
        source: DieselError,
    },
    /// The pool's tripwire saw a row of another tenant. It was not handed out, and the transaction can
    /// only be rolled back.
    #[error(transparent)]
    ForeignRow(ForeignRow),
    /// The role may not do that.
    #[error(
        "the handle's role may not do that: {source}; a shared handle reaches shared tables only, \
         a tenant's transaction only reads those, and an undeclared table belongs in `tenancy!`"
    )]
    PermissionDenied {
        /// What the server said.
        source: DieselError,
    },
    /// Anything else that Diesel said.
    #[error(transparent)]
    Orm(DieselError),
}

impl Error {
    /// What the audit log should know of this: a write that row security, a grant or a quota refused,
    /// or a foreign row. `None` for everything else.
    ///
    /// The transaction that was refused is gone with whatever it would have recorded, so this is
    /// recorded by another session, with the `…_registry` login. A pool that was built with an
    /// [`AuditSink`](crate::AuditSink) has recorded it by itself.
    ///
    /// ```no_run
    /// # async fn f(error: tenant_diesel::Error, registry: tenant_diesel::PgSession) -> Result<(), tenant_diesel::CoreError> {
    /// use tenant_diesel::AuditLog;
    ///
    /// if let Some(record) = error.audit_record("alice") {
    ///     AuditLog::new(&registry).record(&record).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn audit_record(&self, actor: &str) -> Option<AuditRecord> {
        let (refusal, tenant) = match self {
            Self::RlsViolation { tenant, table, .. } => (Refusal::Row(table.clone()), tenant),
            Self::PermissionDenied { .. } => (Refusal::Grant, &None),
            Self::QuotaExceeded { tenant, .. } => (Refusal::Quota, tenant),
            Self::ForeignRow(foreign) => return Some(foreign.audit_record(actor)),
            _ => return None,
        };
        let record = refusal.record(actor).reason(self.to_string());
        Some(tenant.iter().fold(record, AuditRecord::tenant))
    }

    /// Finds this crate's error in another one, such as Diesel's.
    ///
    /// ```
    /// use tenant_diesel::Error;
    ///
    /// let refused = Error::TenantTable { table: "invoices".into() };
    /// let error = diesel::result::Error::from(refused);
    /// assert!(matches!(Error::find(&error), Some(Error::TenantTable { .. })));
    /// ```
    pub fn find<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            next = match (error.downcast_ref(), error.downcast_ref()) {
                (Some(Self::Orm(inner)), _) => Some(inner),
                (Some(found), _) => return Some(found),
                // Diesel's `source` passes over what this variant keeps.
                (None, Some(DieselError::QueryBuilderError(kept))) => Some(&**kept),
                (None, _) => error.source(),
            };
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
    tenant.map_or_else(String::new, |id| format!(" of tenant {id}"))
}

fn in_table(table: Option<&String>) -> String {
    table.map_or_else(String::new, |name| format!(" in `{name}`"))
}

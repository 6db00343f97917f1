use std::{error::Error as StdError, sync::Arc, time::Duration};

use sea_orm::DbErr;
use tenant_core::{
    AuditRecord, ForeignRow, PoolerTrouble, TenantId, VerifyError, adapter::Refusal,
};

/// What went wrong with a tenant's handle, or on it.
///
/// Calls of the ORM on a handle give SeaORM's [`DbErr`], as in any repository code; what this crate
/// itself refuses comes inside of one there, and [`Error::find`] finds it. The other way round,
/// `Error: From<DbErr>` sorts what PostgreSQL refused ([`Error::classify`]).
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
        source: DbErr,
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
        source: DbErr,
    },
    /// An [`AdminDb`](crate::AdminDb) was given another login than the admin's.
    #[error(
        "this pool is for work across tenants, and opens with the admin's login alone: {source}; \
         give that login a password, and its URL to `AdminDb`"
    )]
    NotAdmin {
        /// Whose login it is.
        source: DbErr,
    },
    /// The pooler before the database was not declared, or cannot work. The pool did not open.
    #[error("{trouble}. What was said: {source}")]
    Pooler {
        /// What is wrong, and what to set.
        trouble: PoolerTrouble,
        /// What the server or the pooler said.
        source: DbErr,
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
        source: DbErr,
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
        source: DbErr,
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
        source: DbErr,
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
        source: DbErr,
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
        source: DbErr,
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
    /// A nested transaction that PostgreSQL has no way to open.
    #[error("a nested transaction cannot be opened like this: {why}")]
    Nested {
        /// What to do instead.
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
        source: DbErr,
    },
    /// A quota of the tenant is used up. Nothing of the statement was done.
    #[error("a quota{} is used up: {source}", of(tenant.as_ref()))]
    QuotaExceeded {
        /// The transaction's tenant, where the caller said.
        tenant: Option<TenantId>,
        /// What the server said, with the quota's name.
        source: DbErr,
    },
    /// A tenant table was touched where no tenant is set.
    #[error(
        "no tenant is set: {source}; tenant tables are reached through `db.begin(&scope)` alone"
    )]
    NoTenantContext {
        /// What the server said.
        source: DbErr,
    },
    /// The transaction's tenant is not sealed: something other than `begin` has set it, or the pool
    /// has no key.
    #[error(
        "the tenant of this transaction is not sealed: {source}; it is set by `db.begin(&scope)` alone, \
         on a pool that was built with `.seal(Seal::new(key))`"
    )]
    NotSealed {
        /// What the server said.
        source: DbErr,
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
        source: DbErr,
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
        source: DbErr,
    },
    /// Anything else that SeaORM said.
    #[error(transparent)]
    Orm(DbErr),
}

fn of(tenant: Option<&TenantId>) -> String {
    tenant.map_or_else(String::new, |id| format!(" of tenant {id}"))
}

fn in_table(table: Option<&String>) -> String {
    table.map_or_else(String::new, |name| format!(" in `{name}`"))
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
    /// # async fn f(error: tenant_seaorm::Error, registry: tenant_seaorm::PgSession) -> Result<(), tenant_seaorm::CoreError> {
    /// use tenant_seaorm::AuditLog;
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

    /// Finds this crate's error in another one, such as the [`DbErr`] of an ORM call.
    ///
    /// ```
    /// use tenant_seaorm::Error;
    ///
    /// let refused = Error::TenantTable { table: "invoice".into() };
    /// let error = sea_orm::DbErr::from(refused);
    /// assert!(matches!(Error::find(&error), Some(Error::TenantTable { .. })));
    /// ```
    pub fn find<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            match error.downcast_ref::<Self>() {
                Some(Self::Orm(inner)) => next = Some(inner),
                Some(found) => return Some(found),
                // What `DbErr` keeps is an error behind a pointer that is an error, too.
                None => match error.downcast_ref::<Arc<dyn StdError + Send + Sync>>() {
                    Some(kept) => next = Some(&**kept),
                    None => next = error.source(),
                },
            }
        }
        None
    }
}

impl From<DbErr> for Error {
    /// [`Error::classify`] without a tenant.
    fn from(error: DbErr) -> Self {
        Self::classify(None, error)
    }
}

impl From<Error> for DbErr {
    /// SeaORM's own error comes out as it was; so does the server's reason for a refused commit,
    /// since code written against SeaORM's traits retries by SQLSTATE. Everything else travels
    /// inside, where [`Error::find`] finds it.
    fn from(error: Error) -> Self {
        match error {
            Error::Orm(source) | Error::Commit { source, .. } => source,
            // The variant of `DbErr` that keeps a source.
            error => Self::TryIntoErr {
                from: "tenant_seaorm::Error",
                into: "sea_orm::DbErr",
                source: Arc::new(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_found_again_inside_of_the_orms() {
        let error = DbErr::from(Error::Closed { why: "test" });
        assert!(error.to_string().ends_with("can no longer be used: test"));
        assert!(matches!(Error::find(&error), Some(Error::Closed { why: "test" })));
        let back = Error::from(error);
        assert!(matches!(Error::find(&back), Some(Error::Closed { .. })));
        assert!(Error::find(&DbErr::RecordNotInserted).is_none());
    }

    #[test]
    fn the_orms_own_error_goes_out_as_it_came_in() {
        let error = DbErr::from(Error::from(DbErr::RecordNotInserted));
        assert!(matches!(error, DbErr::RecordNotInserted));
    }
}

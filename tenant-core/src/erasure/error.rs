use crate::{Error, SessionError, TenantId};

/// Why a tenant was not erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErasureError {
    /// The tenant is on legal hold.
    #[error(
        "tenant {tenant} is on legal hold ({reason}), so it must not be erased; \
         release it first, if you may: `Tenants::release`"
    )]
    LegalHold {
        /// The tenant.
        tenant: TenantId,
        /// Why.
        reason: String,
    },
    /// No tenant has this id.
    #[error(
        "there is no tenant {0} in the registry; check the id, or, with a registry of your own, \
         erase it with `Erasure::unregistered`"
    )]
    Unknown(TenantId),
    /// A move of the tenant has begun.
    #[error(
        "tenant {0} is being moved, so it has rows in two places; end the move first, or cancel it: \
         `Move::run`, `Move::cancel`"
    )]
    Moving(TenantId),
    /// It was erased, and nothing came since.
    #[error("tenant {tenant} was erased already, and nothing of it came since (receipt {receipt})")]
    AlreadyErased {
        /// The tenant.
        tenant: TenantId,
        /// The receipt's hash.
        receipt: String,
    },
    /// Tables that nobody declared as tenants' have rows of the tenant.
    #[error(
        "the tenant has rows in tables that are not declared as tenants': {}; declare them, erase them \
         as well (`and_undeclared`), or leave them with a reason (`keep`)", .tables.join(", ")
    )]
    Undeclared {
        /// The tables, with the number of rows.
        tables: Vec<String>,
    },
    /// The login may not read or delete in a table.
    #[error(
        "{login} may not read and delete in {table}, which has a tenant column; use the login that owns \
         the table, grant it, or leave the table with a reason (`keep`)"
    )]
    NoPrivilege {
        /// The table.
        table: String,
        /// The session's role.
        login: String,
    },
    /// Rows that are not the tenant's hang on its rows.
    #[error(
        "{rows} rows of {table} that are not the tenant's refer to its rows by the constraint \
         {constraint}{}; delete or change them, or mend the constraint",
        if *.would { ", and would be deleted or changed with them" } else { ", which would refuse" }
    )]
    HangsOn {
        /// The constraint.
        constraint: String,
        /// The table that it is on.
        table: String,
        /// How many.
        rows: u64,
        /// Whether they would be changed.
        would: bool,
    },
    /// Rows were left that no statement deleted.
    #[error(
        "{rows} rows of {table} are still there after they were deleted: a trigger or a rule keeps them, \
         or makes them anew; switch it off for the erasure, then run it again"
    )]
    Remains {
        /// The table.
        table: String,
        /// How many.
        rows: u64,
    },
    /// Nobody, or no reason.
    #[error("{what} is missing; the receipt must say who erased a tenant, and why")]
    Unaccountable {
        /// What is missing.
        what: &'static str,
    },
    /// A receipt that is not what was signed.
    #[error("the receipt does not hold: {why}")]
    Receipt {
        /// What is wrong with it.
        why: &'static str,
    },
    /// What core or the database said.
    #[error(transparent)]
    Core(#[from] Error),
}

impl From<SessionError> for ErasureError {
    fn from(source: SessionError) -> Self {
        Self::Core(source.into())
    }
}

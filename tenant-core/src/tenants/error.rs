use crate::{
    Error, SessionError, TenantId, TenantKey, TenantStatus,
    isolation::{DATABASE_TAKEN, NO_DATABASE, OTHER_REGION, SCHEMA_TAKEN},
};

pub(super) const PLACE_TAKEN: &str =
    "another tenant lives in that schema or database, which is for one; take another one";

/// Why a tenant was not made or changed. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TenantsError {
    /// No tenant has this id.
    #[error("there is no tenant {0}; check the id")]
    Unknown(TenantId),
    /// A slug that no tenant may have.
    #[error("`{slug}` cannot be a tenant's slug: {why}")]
    InvalidSlug {
        /// The slug.
        slug: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another tenant has the slug.
    #[error("another tenant has the slug `{0}`; ask for another one")]
    SlugTaken(String),
    /// Another tenant has the id.
    #[error("there is a tenant {0} already; take another id")]
    IdTaken(TenantId),
    /// A tenant of this id was erased.
    #[error("a tenant {0} was erased, and its id is not given again; take another id")]
    Tombstoned(TenantId),
    /// The id must be given, or must not.
    #[error("the tenant's id: {why}")]
    Id {
        /// What is the matter, and what to do.
        why: &'static str,
    },
    /// The tenant cannot live there.
    #[error("the tenant cannot be placed there: {why}")]
    Placement {
        /// What is in the way, and what to do.
        why: &'static str,
    },
    /// The same idempotency key came with another content.
    #[error(
        "the idempotency key `{0}` was used for another tenant, or with other words; \
         make a new key for a new request"
    )]
    KeyReused(String),
    /// No spare is left.
    #[error("no spare tenant is left; add some with `add_spares`, or make one with `create`")]
    NoSpare,
    /// What was asked for makes no sense for a tenant of this status.
    #[error("tenant {tenant} is {status}, so it cannot be {change}: {next}")]
    Status {
        /// The tenant.
        tenant: TenantId,
        /// What it is.
        status: TenantStatus,
        /// What it was to be.
        change: &'static str,
        /// What to do.
        next: &'static str,
    },
    /// It is so already.
    #[error("tenant {tenant} is {change} already; nothing was changed")]
    AlreadySo {
        /// The tenant.
        tenant: TenantId,
        /// What it was to be.
        change: &'static str,
    },
    /// Somebody acts who says nothing of himself, or not why.
    #[error("{what} is missing; the audit log must say who changed a tenant, and why")]
    Unaccountable {
        /// What is missing.
        what: &'static str,
    },
    /// A seed failed, and with it everything else.
    #[error("the seed `{seed}` failed, or ended the transaction: {source}; no tenant was made")]
    Seed {
        /// Its statement.
        seed: &'static str,
        /// What the database said.
        source: SessionError,
    },
    /// What core or the database said.
    #[error(transparent)]
    Core(#[from] Error),
}

impl From<SessionError> for TenantsError {
    fn from(source: SessionError) -> Self {
        Self::Core(source.into())
    }
}

impl TenantsError {
    /// What a write was refused for, as far as the constraint tells.
    pub(super) fn of_write(error: SessionError, id: &TenantId, slug: &str) -> Self {
        match error.constraint.as_deref() {
            Some("tenant_tombstone") => Self::Tombstoned(id.clone()),
            Some("tenants_slug_key") => Self::SlugTaken(slug.to_owned()),
            _ => Self::of_place(error),
        }
    }

    /// The same where only its place can be the reason.
    pub(super) fn of_place(error: SessionError) -> Self {
        let why = match error.constraint.as_deref() {
            Some(NO_DATABASE) => {
                "the registry knows no database of this name; add it with `Tenants::add_database`"
            }
            Some(OTHER_REGION) => {
                "the tenant must not leave its region, and the database is in another one, or nobody \
                 said where it is; take a database of that region"
            }
            Some(SCHEMA_TAKEN | DATABASE_TAKEN) => PLACE_TAKEN,
            _ => return error.into(),
        };
        Self::Placement { why }
    }

    pub(crate) fn check_key(id: &TenantId, declared: TenantKey) -> Result<(), Error> {
        id.check()?;
        if id.key() == declared {
            return Ok(());
        }
        Err(Error::WrongKey { tenant: id.clone(), found: id.key(), declared })
    }
}

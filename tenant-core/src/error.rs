use std::time::Duration;

use crate::{Placement, Quota, RegistryError, SessionError, TenantId, TenantKey};

/// What core refuses, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tenant id that names nobody or does not fit its type.
    #[error("this cannot be a tenant's id: {why}")]
    InvalidTenantId {
        /// What is wrong with it.
        why: String,
    },
    /// A name that PostgreSQL would cut or refuse.
    #[error("`{name}` cannot be a PostgreSQL identifier: {why}")]
    InvalidIdentifier {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A name that cannot be a custom setting.
    #[error(
        "`{name}` cannot be the setting that carries the tenant: {why}; \
         use a name such as `app.current_tenant_id`"
    )]
    InvalidSetting {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The tenant's id is of another type than the tenancy's tenant columns.
    #[error(
        "tenant {tenant} is a {found}, but the tenancy was declared with `key {declared}`; \
         make the id of that type, or declare the other key in `tenancy!`"
    )]
    WrongKey {
        /// The tenant.
        tenant: TenantId,
        /// What its id is.
        found: TenantKey,
        /// What the columns are.
        declared: TenantKey,
    },
    /// A place that no tenant can live in.
    #[error("this cannot be a tenant's placement: {why}")]
    InvalidPlacement {
        /// What is wrong with it.
        why: String,
    },
    /// A schema or a database cannot be made like this one, or be dropped.
    #[error("the template `{template}`: {why}")]
    Template {
        /// Its name.
        template: String,
        /// What is in the way, and what to do.
        why: String,
    },
    /// The tenant lives in a database that this pool does not reach.
    #[error(
        "tenant {tenant} lives in {placement}, and this pool reaches the database `{here}` alone; build \
         it with `TenantDb::builder(&TENANCY).databases(provider)`, or use that database's own pool"
    )]
    Elsewhere {
        /// The tenant.
        tenant: TenantId,
        /// Where it lives.
        placement: Placement,
        /// The database that the pool is for.
        here: String,
    },
    /// The provider knows no database of this name.
    #[error(
        "nobody knows the database `{database}`, in which the registry places the tenant: mend what the \
         provider knows, or the tenant's placement"
    )]
    UnknownDatabase {
        /// Its name.
        database: String,
    },
    /// A database could not be reached or opened a moment ago, so it was not tried.
    #[error("the database `{database}` could not be opened, and is tried again in a moment: {why}")]
    DatabaseDown {
        /// Its name.
        database: String,
        /// What was said then.
        why: String,
    },
    /// The database has no pool yet, and none could be opened in time.
    #[error(
        "the pool of the database `{database}` was not open after {waited:?}: somebody still opened it, \
         its provider did not answer, or all {max} pools were in use; end transactions sooner, or raise \
         `Databases::max_pools`"
    )]
    PoolNotOpened {
        /// Its name.
        database: String,
        /// How many pools there may be.
        max: usize,
        /// How long this call waited.
        waited: Duration,
    },
    /// No connection became free in time, of the database's own or of those over all databases.
    #[error(
        "no connection became free in {waited:?}, of {own} for the database and {all} for all of them: \
         end transactions sooner, or raise `max_connections`, the builder's or that of `Databases`"
    )]
    ConnectionsExhausted {
        /// How many the database has at most.
        own: u32,
        /// How many there are over all databases.
        all: usize,
        /// How long this call waited.
        waited: Duration,
    },
    /// The provider could not say where a database is.
    #[error("nobody could say where the database `{database}` is: {source}")]
    Provider {
        /// Its name.
        database: String,
        /// What the provider said.
        source: RegistryError,
    },
    /// The tenant must not leave its region, and the database is in another one.
    #[error(
        "tenant {tenant} must stay in the region `{region}`, and the database `{database}` is {found}; \
         mend the tenant's placement, or what the provider says of the database"
    )]
    WrongRegion {
        /// The tenant.
        tenant: TenantId,
        /// Its region.
        region: String,
        /// The database.
        database: String,
        /// Where that one is.
        found: String,
    },
    /// A declaration that cannot hold.
    #[error("the tenancy's declaration cannot hold: {why}")]
    InvalidTenancy {
        /// What is wrong with it.
        why: String,
    },
    /// The shared cache cannot be used, or could not forget.
    #[cfg(feature = "redis")]
    #[error(
        "Redis: {source}; see whether it runs, and its address (`redis://host/0`) and password"
    )]
    Redis {
        /// What its client said.
        source: RegistryError,
    },
    /// A key that cannot seal.
    #[error("this cannot be a sealing key: {why}")]
    InvalidSealKey {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The layout says that the context is sealed, and the pool has no key.
    #[error(
        "the layout says that tenants are sealed, but this pool has no key; \
         give it one: `TenantDb::builder(&TENANCY).seal(Seal::new(key))`"
    )]
    NoSeal,
    /// A key of that name is there with another secret, or is not there.
    #[error("the sealing key `{name}`: {why}")]
    SealKey {
        /// The key's name.
        name: String,
        /// What is the matter, and what to do.
        why: &'static str,
    },
    /// The scope was verified too long ago.
    #[error(
        "the scope of tenant {tenant} was verified {age:?} ago and the pool takes none older than \
         {max:?}; verify it again: `scope.to_claim().verify(&registry).await?`"
    )]
    StaleScope {
        /// The tenant.
        tenant: TenantId,
        /// Time since the registry was asked.
        age: Duration,
        /// The pool's `max_scope_age`.
        max: Duration,
    },
    /// A scope across tenants that nobody could be asked about later.
    #[error(
        "this cannot open anything across tenants: {why}; the audit log wants to know who it is and why"
    )]
    InvalidCrossTenantScope {
        /// What is missing.
        why: &'static str,
    },
    /// A scope across tenants has ended.
    #[error("the access of {actor} across tenants has ended; ask for it again, with its reason")]
    CrossTenantScopeEnded {
        /// Who acts.
        actor: String,
    },
    /// The layout has no role that works across tenants.
    #[error(
        "this layout has one role for everything, and none that works across tenants: \
         install the isolation with `Layout::new(prefix)`, which has"
    )]
    NoAdmin,
    /// A finding was suppressed in a way that does not count.
    #[error(
        "{code} on {object} cannot be suppressed so: {why}; \
         name a code of `Lint::rules()` and say why the finding may stay"
    )]
    InvalidSuppression {
        /// The code.
        code: String,
        /// The object.
        object: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The catalogue could not be read.
    #[error("could not read the database's catalogue: {source}; nothing was judged")]
    Unread {
        /// What the database said.
        source: SessionError,
    },
    /// A policy could leave rows out, so that not all of a tenant's rows would be seen.
    #[error(
        "row security could hide rows of {table} from {login}, so nothing was done: use the \
         `…_admin` login, give it BYPASSRLS, or install the isolation again, which makes its policies"
    )]
    Narrowed {
        /// The table.
        table: String,
        /// The role of the session.
        login: String,
    },
    /// A plan for an existing database cannot be made.
    #[error("the isolation cannot be planned: {why}")]
    Plan {
        /// What is in the way, and what to do.
        why: String,
    },
    /// A step of a plan failed.
    #[error(
        "the step `{step}` failed: {source}; the steps before it are done and stay: mend what it \
         says, then plan again, and only what is missing is left"
    )]
    Step {
        /// Which one.
        step: String,
        /// What the database said.
        source: SessionError,
    },
    /// A quota that cannot be one.
    #[error("the quota `{quota}` cannot be set or counted: {why}")]
    InvalidQuota {
        /// Which one.
        quota: Quota,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The audit log is not as it was written.
    #[error(
        "the audit log is not as it was written, from record {id} on: {why}; find out who could \
         write to `tenancy.audit`, and compare with a backup"
    )]
    Audit {
        /// The first record that is not as it was.
        id: i64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The database refused what was asked of it, or could not be asked. Nothing was changed.
    #[error("the database refused, or could not be asked: {source}; nothing was changed")]
    Session {
        /// What it said.
        #[from]
        source: SessionError,
    },
}

/// Why a claim did not become a verified scope.
///
/// The distinctions are for the application's log: a stranger who is told `NotMember` instead of
/// `Unknown` has learnt that the tenant exists.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The id is of another type than the registry's.
    #[error(
        "tenant {id} is a {found}, but the registry's tenants have ids of the type {expected}; \
         read an id from text with `TENANCY.key().parse(text)`"
    )]
    WrongKey {
        /// The claimed id.
        id: TenantId,
        /// What it is.
        found: TenantKey,
        /// What the registry knows.
        expected: TenantKey,
    },
    /// No tenant has this id.
    #[error("there is no tenant {0}; check the id, or register the tenant")]
    Unknown(TenantId),
    /// The user does not belong to the tenant.
    #[error("the user is not a member of tenant {0}; add the membership, or use another tenant")]
    NotMember(TenantId),
    /// The tenant is suspended.
    #[error("tenant {0} is suspended; resume it before it can be used")]
    Suspended(TenantId),
    /// The tenant is locked out while something is done to its rows.
    #[error("tenant {0} is in maintenance; try again later")]
    Maintenance(TenantId),
    /// The claim is of an earlier epoch than the tenant's record.
    #[error("the claim on tenant {0} was revoked: the tenant's epoch is higher; sign in anew")]
    Revoked(TenantId),
    /// The tenant is deleted.
    #[error("tenant {0} is deleted")]
    Deleted(TenantId),
    /// The registry could not say. Never read this as "no such tenant".
    #[error("the tenant registry could not answer: {0}")]
    Registry(#[source] RegistryError),
}

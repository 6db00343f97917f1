#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
pub mod blocking;

mod builder;
mod check;
mod connection;
mod db;
mod error;
mod gate;
mod handle;
mod internals;
mod look;
mod migrations;
mod pool;
mod raw;
mod run_query_dsl;
mod session;
mod shared;
mod tenancy;
mod transaction;

/// What a module with queries imports: Diesel's prelude, with our gated `RunQueryDsl`.
pub mod prelude {
    pub use diesel::prelude::*;

    pub use crate::{GatedExt, RunQueryDsl, SaveChangesDsl};
}

// The public interface, in the order in which a reader meets it.
pub use builder::TenantDbBuilder;
pub use db::TenantDb;
pub use error::Error;
pub use raw::{Bind, ConstantSql, NoBinds, RawTransaction, sql_query};
pub use run_query_dsl::{RunQueryDsl, SaveChangesDsl};
pub use session::PgSession;
pub use shared::{SharedTransaction, SharedView};
pub use transaction::TenantTransaction;

// The gate: what a handle may reach.
pub use gate::{Admin, Gated, GatedExt, In, QueryIn, Scanned, Shared, Tenant};
pub use handle::Handle;

// What a user of this crate needs of core.
pub use migrations::{IsolationMigrations, write_migrations};
pub use tenant_core::Error as CoreError;
pub use tenant_core::{
    AlsoAffected, AsyncFunc, Attempt, AuditEntry, AuditEvent, AuditHead, AuditLog, AuditRecord,
    Backfill, Binding, CheckIsolation, Claim, Difference, ErasedTable, Erasure, ErasureError,
    ErasurePlan, ErasureReceipt, Finding, How, IsVerified, Isolation, JsonRow, KeptTable, Layout,
    Limits, Lint, Migration, NewTenant, Outcome, Phase, Plan, PlannedTable, Principal, Probe,
    Progress, RegistryError, Report, Reporter, Roles, Rule, ScopeState, Seal, SealKey, SealKeyInfo,
    SealKeys, SessionError, Severity, Slug, SlugRules, SqlRegistry, SqlSession, StaticRegistry,
    Step, Suppressed, TableName, Tenancy, TenantId, TenantKey, TenantRecord, TenantRegistry,
    TenantScope, TenantSource, TenantStatus, TenantTable, Tenants, TenantsError,
    TransactionOptions, Unnarrowed, Unverified, Verified, VerifyError, lint, probe,
};
#[cfg(feature = "export")]
pub use tenant_core::{
    Export, ExportError, ExportFormat, ExportManifest, ExportedColumn, ExportedFile, ExportedTable,
    Import, ImportError, verify_export,
};

/// For the expansion of [`tenancy!`].
#[doc(hidden)]
pub mod __private {
    pub use tenant_core::{__tenancy_column, __tenancy_key};

    pub use crate::{gate::DeclaredOnce, tenancy::table_name};
}

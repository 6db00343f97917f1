#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "blocking")]
pub mod blocking;

mod admin;
mod asked;
mod builder;
mod check;
mod classify;
mod connection;
mod db;
mod deferred;
mod error;
mod gate;
mod gated;
mod handle;
mod internals;
mod look;
mod migrations;
mod notifications;
mod pool;
mod pooler;
mod quotas;
mod raw;
mod read;
mod routes;
mod run_query_dsl;
mod session;
mod share;
mod shared;
#[cfg(feature = "migration")]
mod target_migrator;
mod tenancy;
mod transaction;
mod watched;

/// What a module with queries imports: Diesel's prelude, with our gated `RunQueryDsl`.
pub mod prelude {
    pub use diesel::prelude::*;

    pub use crate::{ForTenant, GatedExt, RunQueryDsl, SaveChangesDsl};
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

pub use admin::{AdminDb, AdminDbBuilder, AdminTransaction};

// The gate: what a handle may reach.
pub use gate::{Admin, Gated, GatedExt, In, QueryIn, Reads, Scanned, Shared, Tenant};
pub use gate::{Both, ForTenant, OfTenants, OneTenant, Says, TenantIs, TenantQuery};
pub use gated::GatedConnection;
pub use handle::Handle;

// What a user of this crate needs of core.
pub use migrations::{IsolationMigrations, write_migrations};
#[cfg(feature = "migration")]
pub use target_migrator::TargetMigrator;
#[cfg(feature = "backup")]
pub use tenant_core::Backup;
pub use tenant_core::Error as CoreError;
#[cfg(feature = "redis")]
pub use tenant_core::RedisRegistry;
pub use tenant_core::{
    AlsoAffected, AsyncFunc, Attempt, AuditEntry, AuditEvent, AuditHead, AuditLog, AuditRecord,
    AuditSink, Backfill, Binding, CheckIsolation, Claim, CrossTenantScope, DatabaseAddress,
    DatabaseProvider, DatabaseTemplate, Databases, Difference, ErasedTable, Erasure, ErasureError,
    ErasurePlan, ErasureReceipt, Finding, ForEachTenant, ForeignRow, How, IsVerified, Isolation,
    JobError, JobKey, JsonRow, KeptTable, Layout, Limits, Lint, Migration, NewTenant,
    Notifications, Outcome, Per, Phase, Placement, Plan, PlannedTable, Pooler, PoolerTrouble,
    Principal, Probe, Progress, Quota, QuotaFor, QuotaLimit, QuotaUsage, Quotas, RegistryError,
    Report, Reporter, Roles, RouterMetrics, Rule, SchemaTemplate, ScopeState, Seal, SealKey,
    SealKeyInfo, SealKeys, SessionError, Severity, SignedJob, Slug, SlugRules, SqlRegistry,
    SqlSession, StaticDatabases, StaticRegistry, Step, Suppressed, TableName, Tenancy, TenantId,
    TenantKey, TenantList, TenantOutcome, TenantRecord, TenantRegistry, TenantResult, TenantScope,
    TenantSource, TenantStatus, TenantTable, Tenants, TenantsError, TenantsReport,
    TransactionOptions, Tripwire, Unnarrowed, Unverified, Verified, VerifyError, for_each_tenant,
    lint, probe,
};
#[cfg(feature = "cache")]
pub use tenant_core::{CachedRegistry, CachedRegistryBuilder};
#[cfg(feature = "export")]
pub use tenant_core::{
    Export, ExportError, ExportFormat, ExportManifest, ExportedColumn, ExportedFile, ExportedTable,
    Import, ImportError, Move, MoveError, MoveSessions, MoveStep, Moved, MovedTable, verify_export,
};
#[cfg(feature = "migration")]
pub use tenant_core::{
    MigrateTarget, MigrationLog, MigrationOutcome, MigrationRecord, MigrationResult,
    MigrationState, MigrationStep, MigrationTarget, MigrationsError, MigrationsReport, OpenTarget,
    TargetStatus, TenantMigrations,
};

/// For the expansion of [`tenancy!`].
#[doc(hidden)]
pub mod __private {
    pub use tenant_core::{__tenancy_column, __tenancy_key};

    pub use crate::{
        gate::{DeclaredOnce, Narrowed, Part, Whoever},
        tenancy::table_name,
    };
}

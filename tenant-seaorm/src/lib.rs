#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod admin;
mod bind;
mod builder;
mod check;
mod classify;
mod connection;
mod db;
mod error;
mod for_tenant;
mod gate;
mod hooks;
mod internals;
mod link;
#[cfg(feature = "migration")]
mod migrations;
mod nested;
mod nesting;
mod notifications;
mod open;
mod pool;
mod pooler;
mod quotas;
mod raw;
mod read;
mod routes;
mod session;
mod shared;
mod statements;
#[cfg(feature = "migration")]
mod target_migrator;
mod tenancy;
mod transaction;
mod unscoped;
mod watched;

// The public interface, in the order in which a reader meets it.
pub use builder::TenantDbBuilder;
pub use db::{NoTenant, TenantDb};
pub use error::Error;
pub use transaction::TenantTransaction;

pub use admin::{AdminDb, AdminDbBuilder, AdminTransaction};

pub use shared::{
    BoundCursor, BoundSelect, BoundSelector, InTenantTransaction, OwnTransaction, SharedConnection,
    SharedHandle, SharedReturning, SharedSelect, SharedSelectOne, SharedTransaction, SharedView,
    SharedWrite,
};

pub use raw::{RawRows, RawStatement, RawTransaction};
pub use read::Reads;
pub use session::PgSession;

// What `tenancy!` makes of a declaration.
pub use for_tenant::{ForTenant, TenantQuery};
pub use gate::{DeclaredOnce, OfTenants, Shared, SharedEntity, TenantEntity};
pub use unscoped::{RunsAnyQuery, RunsQueries};

// Core's, so that one crate is enough.
#[cfg(feature = "migration")]
pub use migrations::IsolationMigration;
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
    TenantSource, TenantStatus, TenantTable, Tenants, TenantsError, TenantsReport, Tripwire,
    Unnarrowed, Unverified, Verified, VerifyError, for_each_tenant, lint, probe,
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

#[doc(hidden)]
pub mod __private {
    pub use tenant_core::{__tenancy_column, __tenancy_key};

    pub use crate::tenancy::table_name;
}

#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
mod adopt;
mod audit;
mod binding;
#[cfg(feature = "cache")]
mod cached_registry;
mod callback;
mod catalogue;
mod check;
mod citus;
mod cross_tenant;
mod digest;
mod erasure;
mod error;
#[cfg(feature = "export")]
mod export;
mod fleet;
mod hex;
mod isolation;
mod jobs;
mod layout;
mod limits;
mod lint;
mod macros;
#[cfg(feature = "export")]
mod moving;
mod opening;
mod options;
mod placement;
mod pooler;
mod principal;
mod probe;
mod progress;
mod provision;
mod quota;
mod quote;
mod record;
#[cfg(feature = "redis")]
mod redis_registry;
mod registry;
mod report;
mod roles;
mod router;
mod scan;
mod scope;
mod seal;
mod seal_keys;
mod session;
mod source;
mod sql_registry;
mod startup;
mod static_registry;
mod tenancy;
mod tenant_id;
mod tenant_list;
mod tenants;
mod tripwire;
mod work;

// The public interface, in the order in which a reader meets it.
pub use cross_tenant::CrossTenantScope;
pub use error::{Error, VerifyError};
pub use placement::{DatabaseAddress, DatabaseProvider, Placement, StaticDatabases};
pub use principal::Principal;
pub use record::{TenantRecord, TenantStatus};
pub use router::{Databases, RouterMetrics};
pub use scope::{IsVerified, ScopeState, TenantScope, Travels, Unverified, Verified};
pub use tenant_id::{TenantId, TenantKey};

#[cfg(feature = "cache")]
pub use cached_registry::{CachedRegistry, CachedRegistryBuilder};
#[cfg(feature = "redis")]
pub use redis_registry::RedisRegistry;
pub use registry::{RegistryError, TenantRegistry};
pub use sql_registry::SqlRegistry;
pub use static_registry::StaticRegistry;
pub use tenant_list::TenantList;

pub use jobs::{
    ForEachTenant, JobError, JobKey, SignedJob, TenantOutcome, TenantResult, TenantsReport,
    for_each_tenant,
};

pub use binding::Binding;
pub use callback::AsyncFunc;
pub use isolation::{
    Backfill, Difference, How, Isolation, Leakproof, Migration, OperatorFunction, Phase, Plan,
    Search, SearchBy, Step,
};
pub use layout::Layout;
pub use limits::Limits;
pub use options::TransactionOptions;
pub use pooler::{Pooler, PoolerTrouble};
pub use roles::Roles;
pub use seal::{Seal, SealKey};
pub use seal_keys::{SealKeyInfo, SealKeys};
pub use source::{Claim, TenantSource};
pub use tenancy::{TableName, Tenancy, TenantTable};

pub use adopt::{
    Adopt, AdoptError, AdoptWatch, AdoptedTable, Adoption, Answer, Candidate, WatchReason,
    WatchReport, WatchedRead, WatchedTable, WatchedWrite, Whose,
};

pub use quota::{Per, Quota, QuotaFor, QuotaLimit, QuotaUsage, Quotas};

pub use audit::{AuditEntry, AuditEvent, AuditHead, AuditLog, AuditRecord, AuditSink};
pub use tripwire::{ForeignRow, Tripwire};

#[cfg(feature = "backup")]
pub use provision::Backup;
pub use provision::{DatabaseTemplate, SchemaTemplate};
pub use tenants::{NewTenant, Slug, SlugRules, Tenants, TenantsError};

pub use catalogue::Unnarrowed;
pub use erasure::{
    AlsoAffected, ErasedTable, Erasure, ErasureError, ErasurePlan, ErasureReceipt, KeptTable,
    PlannedTable,
};
pub use progress::{Progress, Reporter};

#[cfg(feature = "export")]
pub use export::{
    Export, ExportError, ExportFormat, ExportManifest, ExportedColumn, ExportedFile, ExportedTable,
    Import, ImportError, verify_export,
};

#[cfg(feature = "export")]
pub use moving::{Move, MoveError, MoveSessions, MoveStep, Moved, MovedTable};

pub use fleet::{
    MigrateTarget, MigrationLog, MigrationOutcome, MigrationRecord, MigrationResult,
    MigrationState, MigrationStep, MigrationTarget, MigrationsError, MigrationsReport, OpenTarget,
    TargetStatus, TenantMigrations,
};

pub use check::CheckIsolation;
pub use lint::{Example, Lint, Rule, lint};
pub use probe::{Probe, probe};
pub use report::{Attempt, Finding, Outcome, Report, Severity, Suppressed};

pub use quote::{quote_ident, quote_literal};
pub use session::{JsonRow, Notifications, SessionError, SqlSession, rows_as_json, rows_from_json};

//! Migrations over all tenants: every schema and every database, several at a time.

mod enter;
mod error;
mod log;
mod one;
mod order;
mod port;
mod record;
mod report;
mod run;
mod target;

pub use error::MigrationsError;
pub use log::MigrationLog;
pub use port::{MigrateTarget, MigrationStep, OpenTarget, target_address};
pub use record::{MigrationRecord, MigrationState, TargetStatus};
pub use report::{MigrationOutcome, MigrationResult, MigrationsReport};
pub use run::TenantMigrations;
pub use target::MigrationTarget;

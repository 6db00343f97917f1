use serde::{Deserialize, Serialize};

use super::MigrationTarget;

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrationResult {
    /// All migrations are applied, and were before.
    UpToDate,
    /// All are applied now.
    Migrated {
        /// Those that this run applied.
        applied: Vec<String>,
    },
    /// These would be applied: of [`pending`](crate::TenantMigrations::pending).
    Pending {
        /// In their order.
        migrations: Vec<String>,
    },
    /// It was not migrated to its end.
    Failed {
        /// Those that this run applied before, and which stay.
        applied: Vec<String>,
        /// The one that failed, if it came to one.
        migration: Option<String>,
        /// Whether that one may be applied in part: it runs outside of a transaction. Otherwise nothing
        /// of it is there, or, if the connection was lost while it committed, all of it.
        unclear: bool,
        /// What was said.
        error: String,
    },
    /// The run was stopped before.
    NotStarted,
}

/// One target's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationOutcome {
    /// Which target.
    pub target: MigrationTarget,
    /// What became of it.
    pub result: MigrationResult,
}

impl MigrationOutcome {
    /// Whether it failed.
    pub fn is_failed(&self) -> bool {
        matches!(self.result, MigrationResult::Failed { .. })
    }
}

/// What became of every target of a run. What is kept for the next one is in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "it says which targets are not migrated"]
pub struct MigrationsReport {
    /// In the order in which they ended.
    pub outcomes: Vec<MigrationOutcome>,
    /// Why further targets were not begun, if it was so.
    pub stopped: Option<String>,
}

impl MigrationsReport {
    /// Whether every target has all migrations.
    pub fn is_complete(&self) -> bool {
        self.undone().next().is_none()
    }

    /// Those that have not.
    pub fn undone(&self) -> impl Iterator<Item = &MigrationOutcome> {
        self.outcomes.iter().filter(|outcome| {
            !matches!(outcome.result, MigrationResult::UpToDate | MigrationResult::Migrated { .. })
        })
    }

    /// Those that failed.
    pub fn failed(&self) -> impl Iterator<Item = &MigrationOutcome> {
        self.outcomes.iter().filter(|outcome| outcome.is_failed())
    }
}

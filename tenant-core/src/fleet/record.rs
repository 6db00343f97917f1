use serde::{Deserialize, Serialize};

/// What the log says of a migration in a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrationState {
    /// It was begun. If nobody runs it any more, it was killed: the next run looks what became of it.
    Running,
    /// It is applied.
    Done,
    /// It failed, and nothing of it is there.
    Failed,
    /// It failed or was killed outside of a transaction: some of it may be there. Nothing touches it
    /// before somebody has looked: [`retry_unclear`](crate::TenantMigrations::retry_unclear).
    Unclear,
}

/// One row of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationRecord {
    /// The target's database.
    pub database: String,
    /// The target's schema, if it is one.
    pub schema: Option<String>,
    /// The tenant whose it was, as a text.
    pub tenant: Option<String>,
    /// Which migration.
    pub migration: String,
    /// What became of it.
    pub state: MigrationState,
    /// When it was begun, by the clock of the log's database, in UTC. None, if it was found applied.
    pub started: Option<String>,
    /// When it ended.
    pub finished: Option<String>,
    /// What was said, if it failed.
    pub error: Option<String>,
    /// Who ran it last, or found it.
    pub who: String,
}

/// What the log says of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TargetStatus {
    /// The target's database.
    pub database: String,
    /// The target's schema, if it is one.
    pub schema: Option<String>,
    /// The tenant whose it is, as a text.
    pub tenant: Option<String>,
    /// How many migrations are applied.
    pub done: u64,
    /// The last of them, by name.
    pub last: Option<String>,
    /// Those that were begun and are not done.
    pub open: Vec<MigrationRecord>,
}

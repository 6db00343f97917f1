use async_trait::async_trait;

use super::MigrationTarget;
use crate::{DatabaseAddress, DatabaseProvider, SessionError, SqlSession};

/// One migration of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationStep {
    /// Its name, by which the log knows it.
    pub name: String,
    /// Whether it is applied as a whole or not at all.
    pub in_transaction: bool,
}

impl MigrationStep {
    /// A migration of this name.
    pub fn new(name: impl Into<String>, in_transaction: bool) -> Self {
        Self { name: name.into(), in_transaction }
    }
}

/// How an ORM migrates one target. The adapters implement it as `TargetMigrator`; the order, the bound,
/// the locks and the log are [`TenantMigrations`](crate::TenantMigrations)'.
#[async_trait]
pub trait MigrateTarget: Send + Sync {
    /// All migrations, in their order.
    ///
    /// # Errors
    /// When they cannot be read.
    fn migrations(&self) -> Result<Vec<MigrationStep>, SessionError>;

    /// One connection to the target's database, which is never made again once it is lost: the lock
    /// and the search path are that connection's.
    ///
    /// # Errors
    /// When it cannot be made, or nobody knows where the database is.
    async fn open(&self, target: &MigrationTarget) -> Result<Box<dyn OpenTarget>, SessionError>;
}

/// For the adapters: where a target's database is.
#[doc(hidden)]
pub async fn target_address(
    databases: &dyn DatabaseProvider,
    target: &MigrationTarget,
) -> Result<DatabaseAddress, SessionError> {
    let name = &target.database;
    databases.database(name).await.map_err(SessionError::driver)?.ok_or_else(|| {
        SessionError::driver(format!(
            "nobody knows where the database {name:?} is; give the migrator its address, or correct the target"
        ))
    })
}

/// A connection to a target. Dropping it closes the connection.
#[async_trait]
pub trait OpenTarget: Send + Sync {
    /// Plain SQL on this one connection.
    fn session(&self) -> &dyn SqlSession;

    /// The names of the migrations that are applied, by the ORM's own table in the target. Changes
    /// nothing.
    ///
    /// # Errors
    /// What the server, the driver or the ORM said.
    async fn applied(&self) -> Result<Vec<String>, SessionError>;

    /// Applies this migration, and writes it into the ORM's table: in one transaction, unless it is
    /// one that cannot be. It is the first one that is not applied.
    ///
    /// # Errors
    /// What the server, the driver or the ORM said.
    async fn apply(&self, migration: &str) -> Result<(), SessionError>;
}

#[async_trait]
impl<M: MigrateTarget + ?Sized> MigrateTarget for Box<M> {
    fn migrations(&self) -> Result<Vec<MigrationStep>, SessionError> {
        (**self).migrations()
    }

    async fn open(&self, target: &MigrationTarget) -> Result<Box<dyn OpenTarget>, SessionError> {
        (**self).open(target).await
    }
}

//! The isolation as SeaORM's migrations.

use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use tenant_core::Migration;

/// One migration of the isolation, for a `MigratorTrait`.
///
/// ```no_run
/// # fn f(isolation: &tenant_seaorm::Isolation) -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
/// use tenant_seaorm::IsolationMigration;
///
/// vec![Box::new(IsolationMigration::new("m20261121_000000", isolation.migration()))]
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct IsolationMigration {
    name: String,
    migration: Migration,
}

impl IsolationMigration {
    /// This migration under a version, such as `m20261121_000000`.
    pub fn new(version: &str, migration: Migration) -> Self {
        Self { name: format!("{version}_{}", migration.name), migration }
    }

    /// A series, such as [`Plan::migrations`](crate::Plan::migrations) gives, with a number behind
    /// the version.
    pub fn series(version: &str, migrations: Vec<Migration>) -> Vec<Box<dyn MigrationTrait>> {
        let numbered = migrations.into_iter().enumerate().map(|(at, migration)| {
            Box::new(Self::new(&format!("{version}_{at:04}"), migration)) as Box<_>
        });
        numbered.collect()
    }
}

impl MigrationName for IsolationMigration {
    fn name(&self) -> &str {
        &self.name
    }
}

// As the trait has it: written out, the lifetimes would be others.
#[allow(elided_lifetimes_in_paths)]
#[async_trait::async_trait]
impl MigrationTrait for IsolationMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&self.migration.up).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&self.migration.down).await.map(drop)
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(self.migration.in_transaction)
    }
}

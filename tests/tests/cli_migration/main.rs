//! What `tenant migration --for seaorm` writes is a migration of SeaORM's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

// As it is written: public, for a migrator in another file.
#[allow(elided_lifetimes_in_paths, missing_docs, unreachable_pub)]
mod m20261121_000000_tenant_isolation;

use sea_orm_migration::prelude::*;
use tenant_testkit::TestDatabase;

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261121_000000_tenant_isolation::Migration)]
    }
}

#[tokio::test]
async fn a_written_migration_goes_up_and_down() {
    let db = TestDatabase::create().await.unwrap();
    let connection = sea_orm::Database::connect(db.superuser_url()).await.unwrap();
    let there = async || {
        use tenant_core::SqlSession as _;
        let sql = "SELECT to_regclass('it') IS NOT NULL AS there";
        db.session().rows(sql, &[]).await.unwrap()[0]["there"] == true
    };
    Migrator::up(&connection, None).await.unwrap();
    assert!(there().await);
    Migrator::down(&connection, None).await.unwrap();
    assert!(!there().await);
    connection.close().await.unwrap();
}

//! A pooled connection is no channel: what tenant A leaves on it is harmless to tenant B.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use common::{A, B, World, entity::invoice, scope};
use sea_orm::{
    ConnectionTrait as _, DbErr, EntityTrait as _, QueryOrder as _, QuerySelect as _,
    SqlxPostgresConnector,
};
use sqlx::postgres::PgPoolOptions;
use tenant_seaorm::{Error, TenantDb, TenantTransaction};

/// Replaces every prepared statement that reads amounts by one that answers 666.
const HIJACK: &str = "
    DO $$ DECLARE s text; BEGIN
        FOR s IN SELECT name FROM pg_prepared_statements WHERE statement LIKE '%amount%' LOOP
            EXECUTE format('DEALLOCATE %I', s);
            EXECUTE format('PREPARE %I AS SELECT 666', s);
        END LOOP;
    END $$";

async fn amounts(db: &impl sea_orm::ConnectionTrait) -> Result<Vec<i32>, DbErr> {
    invoice::Entity::find()
        .select_only()
        .column(invoice::Column::Amount)
        .order_by_asc(invoice::Column::Amount)
        .into_tuple()
        .all(db)
        .await
}

async fn begin(db: &TenantDb, tenant: uuid::Uuid) -> TenantTransaction {
    db.begin(&scope(tenant).await).await.unwrap()
}

#[tokio::test]
async fn a_hijacked_prepared_statement_does_not_reach_the_next_tenant() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let tx = begin(&db, A).await;
    assert!(!amounts(&tx).await.unwrap().is_empty());
    tx.raw_unchecked("the test's attack").execute_unprepared(HIJACK).await.unwrap();
    tx.commit().await.unwrap();
    let tx = begin(&db, B).await;
    let seen = amounts(&tx).await.unwrap();
    assert!(!seen.is_empty() && !seen.contains(&666), "{seen:?}");
}

#[tokio::test]
async fn without_the_guard_the_hijacked_statement_answers() {
    let world = World::new().await;
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(&world.db.superuser_url()).await.unwrap();
    let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    amounts(&db).await.unwrap();
    db.execute_unprepared(HIJACK).await.unwrap();
    assert_eq!(amounts(&db).await.unwrap(), [666]);
}

#[tokio::test]
async fn what_would_shadow_or_outlive_a_table_cannot_be_made() {
    let world = World::new().await;
    let db = world.connect_one().await;
    for attack in [
        "CREATE TEMP TABLE invoice (id int, amount int)",
        "CREATE TABLE public.x ()",
        "SELECT lo_create(0)",
    ] {
        let tx = begin(&db, A).await;
        let refused = tx.raw_unchecked("the test's attack").execute_unprepared(attack).await;
        let error = Error::classify(None, refused.unwrap_err());
        assert!(matches!(error, Error::PermissionDenied { .. }), "{attack}: {error}");
    }
    let tx = begin(&db, B).await;
    assert!(!amounts(&tx).await.unwrap().is_empty());
}

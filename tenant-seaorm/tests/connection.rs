//! A pooled connection is no channel: what tenant A leaves on it is harmless to tenant B.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use common::{
    A, B, LOOKED, World,
    entity::invoice,
    pooled::{behind_proxy, count, named, next_is_clean, plain},
    scope,
};
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _,
    QueryOrder as _, QuerySelect as _, SqlxPostgresConnector, Statement, TransactionTrait as _,
    sea_query::Expr,
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

/// Attack (types): `DEALLOCATE`, `PREPARE` under a name that the driver has cached (SeaORM).
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

/// Attack (roles): temporary tables, large objects, new objects (SeaORM).
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

/// Attack (types): raw SQL that leaves a setting for the next tenant (SeaORM).
///
/// The state of a session: nothing of it is there for the next tenant.
#[tokio::test]
async fn what_raw_sql_leaves_on_a_connection_is_not_lent_on() {
    let traces: [&'static str; 6] = [
        "SET app.current_tenant_id = '22222222-2222-2222-2222-222222222222'",
        "SELECT set_config('app.left_behind', 'x', false)",
        "LISTEN gossip",
        "SELECT pg_advisory_lock(1)",
        "PREPARE hijacked AS SELECT 1",
        "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
    ];
    let (world, proxy, db) = behind_proxy().await;
    for (n, sql) in traces.into_iter().enumerate() {
        let before = proxy.accepted();
        let tx = db.begin(&scope(A).await).await.unwrap();
        // A constant that controls the session does not run without being asked for.
        let refused = sql.to_lowercase().contains("set") || sql.starts_with("PREPARE");
        if n % 2 == 0 {
            let ran = tx.raw(sql, []).execute().await;
            assert_eq!(ran.is_err(), refused, "{sql}");
        }
        if n % 2 == 1 || refused {
            tx.raw_unchecked("this test").execute_unprepared(sql).await.unwrap();
        }
        named("kept").insert(&tx).await.unwrap();
        tx.commit().await.unwrap();
        next_is_clean(&world, &db).await;
        assert_eq!(proxy.accepted(), before + 1, "{sql}");
    }
    assert_eq!(count(&world, "kept").await, 6, "the commits are good");
    let before = proxy.accepted();
    let tx = db.begin(&scope(A).await).await.unwrap();
    tx.raw("SELECT 1", []).execute().await.unwrap();
    tx.commit().await.unwrap();
    next_is_clean(&world, &db).await;
    assert_eq!(proxy.accepted(), before, "a plain constant leaves nothing");
}

#[tokio::test]
async fn unchecked_sql_closes_its_connection_however_harmless_it_looks() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let raw = tx.raw_unchecked("this test");
    let made = Statement::from_string(DbBackend::Postgres, "SELECT 1".to_owned());
    raw.query_one_raw(made).await.unwrap();
    named("kept").insert(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&world, "kept").await, 1);
    next_is_clean(&world, &db).await;
    assert_eq!(proxy.accepted(), LOOKED + 2, "its connection was closed");
}

/// The twin: on SeaORM's pool a tenant that is set for the session is the next one's tenant.
#[tokio::test]
async fn without_the_guard_a_session_setting_outlives_the_transaction() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let (db, _) = plain(&world, &proxy).await;
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared(&format!("SET app.current_tenant_id = '{B}'")).await.unwrap();
    tx.commit().await.unwrap();
    let made = named("x").insert(&db).await.unwrap();
    assert_eq!(made.tenant_id, B);
}

/// Attack (types): `set_config` and the like in `Expr::cust` (SeaORM).
#[tokio::test]
async fn custom_sql_that_leaves_something_behind_is_seen_in_a_built_query_too() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let smuggled = invoice::Entity::find().select_only().expr_as(
        Expr::cust(
            "set_config('app.current_tenant_id', '22222222-2222-2222-2222-222222222222', false)",
        ),
        "x",
    );
    let refused = smuggled.into_tuple::<String>().all(&tx).await.unwrap_err();
    assert!(matches!(Error::find(&refused), Some(Error::RawSql { .. })), "{refused}");
    let lock = Expr::cust("pg_advisory_lock(1)::text");
    let locks = invoice::Entity::find().select_only().expr_as(lock, "x");
    locks.into_tuple::<String>().all(&tx).await.unwrap();
    tx.commit().await.unwrap();
    next_is_clean(&world, &db).await;
    assert_eq!(proxy.accepted(), LOOKED + 2, "its connection was closed");
}

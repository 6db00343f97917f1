//! What is dropped half-way, and what is ended in the wrong order. Nothing leaks to the next
//! tenant, and nothing is lost in silence. The twins show that SeaORM and sqlx by themselves do.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use std::time::{Duration, Instant};

use common::{
    A, B, LOOKED, World,
    entity::invoice,
    pooled::{behind_proxy, count, drop_in_flight, named, next_is_clean, plain},
    scope,
};
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _,
    TransactionTrait as _,
};
use tenant_seaorm::{Error, SqlSession as _, TenantDb, TenantTransaction};
use tokio::time::timeout;

#[tokio::test]
async fn a_begin_that_is_dropped_in_flight_leaks_no_tenant() {
    let (world, proxy, db) = behind_proxy().await;
    let mine = scope(A).await;
    drop_in_flight(&proxy, db.begin(&mine)).await;
    next_is_clean(&world, &db).await;
    assert_eq!(proxy.accepted(), LOOKED + 2, "its connection was closed");
}

/// The twin: sqlx gives the next borrower the tenant and the open transaction.
#[tokio::test]
async fn without_the_guard_the_next_borrower_is_in_the_first_ones_transaction() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let (_, pool) = plain(&world, &proxy).await;
    let begin = "BEGIN; SELECT set_config('app.current_tenant_id', \
                 '11111111-1111-1111-1111-111111111111', true)";
    drop_in_flight(&proxy, pool.begin_with(begin)).await;
    let tenant: Option<String> =
        sqlx::query_scalar("SELECT current_setting('app.current_tenant_id', true)")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(tenant, Some(A.to_string()), "sqlx has mended this: look at `link.rs` again");
}

#[tokio::test]
async fn an_opening_that_fails_half_way_runs_nothing_and_leaks_nothing() {
    let (world, proxy, db) = behind_proxy().await;
    let roles = world.layout.roles();
    let (tenant, login) = (roles.tenant().unwrap(), roles.login());
    let admin = world.db.session();
    admin.batch(&format!("REVOKE {tenant} FROM {login}")).await.unwrap();
    let error = db.begin(&scope(A).await).await.unwrap_err();
    assert!(matches!(error, Error::Begin { tenant: Some(_), .. }), "{error}");
    world.settled().await;
    admin.batch(&format!("GRANT {tenant} TO {login}")).await.unwrap();
    next_is_clean(&world, &db).await;
    assert_eq!(proxy.accepted(), LOOKED + 2, "its connection was closed");
}

/// The twin: sqlx lends the aborted transaction on.
#[tokio::test]
async fn without_the_guard_a_failed_opening_is_lent_on() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let (_, pool) = plain(&world, &proxy).await;
    assert!(pool.begin_with("BEGIN; SELECT 1/0").await.is_err());
    let next = sqlx::query("SELECT 1").execute(&pool).await;
    let code = next.unwrap_err();
    let code = code.as_database_error().unwrap().code().unwrap().into_owned();
    assert_eq!(code, "25P02", "sqlx has mended this: look at `db.rs` again");
}

#[tokio::test]
async fn a_dropped_query_leaves_the_transaction_usable() {
    let (world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("kept").insert(&tx).await.unwrap();
    let slow = tx.raw("SELECT pg_sleep(1)", []).execute();
    assert!(timeout(Duration::from_millis(50), slow).await.is_err());
    let rows = invoice::Entity::find().all(&tx).await.unwrap();
    assert_eq!(rows.len(), 2, "its own answer, not the dropped one's");
    tx.commit().await.unwrap();
    assert_eq!(count(&world, "kept").await, 1);
    next_is_clean(&world, &db).await;
}

#[tokio::test]
async fn a_dropped_query_that_fails_is_not_forgotten() {
    let (world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("lost").insert(&tx).await.unwrap();
    let slow = tx.raw("SELECT 1 / length(pg_sleep(1)::text)", []).execute();
    assert!(timeout(Duration::from_millis(50), slow).await.is_err());
    let error = tx.commit().await.unwrap_err();
    assert!(matches!(error, Error::CommitAborted { .. }), "{error}");
    assert_eq!(count(&world, "lost").await, 0);
    next_is_clean(&world, &db).await;
}

#[tokio::test]
async fn a_transaction_dropped_with_a_query_in_flight_is_rolled_back() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("lost").insert(&tx).await.unwrap();
    let slow = tx.raw("SELECT pg_sleep(1)", []).execute();
    assert!(timeout(Duration::from_millis(50), slow).await.is_err());
    drop(tx);
    next_is_clean(&world, &db).await;
    assert_eq!(count(&world, "lost").await, 0);
    assert_eq!(proxy.accepted(), LOOKED + 1, "the rollback was confirmed, so the connection lives");
}

#[tokio::test]
async fn a_rollback_that_takes_too_long_closes_the_connection() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("lost").insert(&tx).await.unwrap();
    let slow = tx.raw("SELECT pg_sleep(9)", []).execute();
    assert!(timeout(Duration::from_millis(50), slow).await.is_err());
    drop(tx);
    let started = Instant::now();
    let next = db.begin(&scope(B).await).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!(proxy.accepted(), LOOKED + 2);
    next.commit().await.unwrap();
    assert_eq!(count(&world, "lost").await, 0);
}

#[tokio::test]
async fn a_commit_that_is_dropped_in_flight_gives_the_next_one_a_clean_connection() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("unknown").insert(&tx).await.unwrap();
    drop_in_flight(&proxy, tx.commit()).await;
    next_is_clean(&world, &db).await;
    assert_eq!(proxy.accepted(), LOOKED + 2, "its connection was closed");
}

#[tokio::test]
async fn a_rollback_that_is_dropped_in_flight_gives_the_next_one_a_clean_connection() {
    let (world, proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    named("lost").insert(&tx).await.unwrap();
    drop_in_flight(&proxy, tx.rollback()).await;
    next_is_clean(&world, &db).await;
    assert_eq!(count(&world, "lost").await, 0);
    assert_eq!(proxy.accepted(), LOOKED + 2, "its connection was closed");
}

#[tokio::test]
async fn a_stream_holds_the_transaction_until_it_is_dropped() {
    let (_world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let stream = invoice::Entity::find().stream(&tx).await.unwrap();
    let waiting = timeout(Duration::from_millis(100), invoice::Entity::find().count(&tx)).await;
    assert!(waiting.is_err(), "it waits for the stream");
    drop(stream);
    assert_eq!(invoice::Entity::find().count(&tx).await.unwrap(), 2);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn calls_of_several_tasks_on_one_transaction_take_turns() {
    let (_world, _proxy, db) = behind_proxy().await;
    let tx = db.begin(&scope(A).await).await.unwrap();
    let calls = (0..20).map(|_| invoice::Entity::find().all(&tx));
    for rows in futures_util::future::join_all(calls).await {
        assert_eq!(rows.unwrap().len(), 2);
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_raw_commit_is_told_at_the_end() {
    for sql in ["COMMIT", "ROLLBACK"] {
        let (world, _proxy, db) = behind_proxy().await;
        let tx = db.begin(&scope(A).await).await.unwrap();
        tx.raw_unchecked("this test").execute_unprepared(sql).await.unwrap();
        let rows = invoice::Entity::find().all(&tx).await;
        assert!(rows.is_err(), "without a tenant nothing is there: {rows:?}");
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, Error::Closed { .. }), "{error}");
        next_is_clean(&world, &db).await;
    }
}

#[test]
fn handles_can_be_dropped_where_no_runtime_is() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, db, tx) = runtime.block_on(async {
        let world = World::new().await;
        let db = world.connect_one().await;
        let tx = db.begin(&scope(A).await).await.unwrap();
        named("lost").insert(&tx).await.unwrap();
        (world, db, tx)
    });
    drop(tx);
    runtime.block_on(next_is_clean(&world, &db));
    let late = runtime.block_on(async { db.begin(&scope(A).await).await.unwrap() });
    // The runtime goes first: nothing can be rolled back in the background any more.
    drop(runtime);
    drop(late);
    drop(db);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(world.settled());
    assert_eq!(runtime.block_on(count(&world, "lost")), 0);
}

/// Where a call of the test below stood when it was dropped.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Before,
    Committing,
    Committed,
}

async fn work(
    db: &TenantDb,
    id: uuid::Uuid,
    name: &str,
    stage: &std::cell::Cell<Stage>,
) -> Result<(), Error> {
    let tx: TenantTransaction = db.begin(&scope(id).await).await?;
    let rows = invoice::Entity::find().all(&tx).await?;
    assert!(rows.iter().all(|row| row.tenant_id == id), "another tenant's rows");
    let nested = tx.begin().await?;
    assert_eq!(named(name).insert(&nested).await?.tenant_id, id);
    nested.commit().await?;
    stage.set(Stage::Committing);
    tx.commit().await?;
    stage.set(Stage::Committed);
    Ok(())
}

#[tokio::test]
async fn calls_dropped_at_random_points_leak_nothing_and_lose_nothing() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let url = proxy.url(world.layout.roles().login());
    let db = TenantDb::builder(&common::TENANCY).max_connections(2);
    let db = db.connect(url).await.unwrap();
    proxy.set_delay(Duration::from_millis(1));
    // How long a call takes on this machine: half of the limits are shorter.
    let started = Instant::now();
    for n in 0..6 {
        let stage = std::cell::Cell::new(Stage::Before);
        let id = if n % 2 == 0 { A } else { B };
        work(&db, id, "warm-up", &stage).await.unwrap();
    }
    let limit = u64::try_from(started.elapsed().as_micros() / 3).unwrap();
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let (mut dropped, mut committed) = (0, 0);
    for n in 0..250 {
        let one = |id: uuid::Uuid, limit: u64| {
            let db = db.clone();
            async move {
                let name = uuid::Uuid::new_v4().to_string();
                let stage = std::cell::Cell::new(Stage::Before);
                let limit = Duration::from_micros(limit);
                let ended = timeout(limit, work(&db, id, &name, &stage)).await;
                if let Ok(result) = ended {
                    result.unwrap();
                }
                (name, id, stage.get())
            }
        };
        let (a, b) = tokio::join!(one(A, random(limit)), one(B, random(limit)));
        for (name, id, stage) in [a, b] {
            let rows = world
                .number(&format!(
                    "SELECT count(*) FROM customer WHERE name = '{name}' AND tenant_id = '{id}'"
                ))
                .await;
            match stage {
                Stage::Before => {
                    dropped += 1;
                    assert_eq!(rows, 0, "call {n} was dropped before its commit");
                }
                Stage::Committing => dropped += 1,
                Stage::Committed => {
                    committed += 1;
                    assert_eq!(rows, 1, "call {n} was committed");
                }
            }
        }
    }
    assert!(dropped > 30 && committed > 30, "{dropped} dropped, {committed} committed");
    world.settled().await;
    next_is_clean(&world, &db).await;
}

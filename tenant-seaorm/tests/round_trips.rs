//! What a transaction costs, counted at the socket.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use std::time::Duration;

use common::{
    A, B, LOOKED, World,
    entity::{customer, invoice, plan},
    scope,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, DatabaseConnection,
    EntityTrait as _, SqlxPostgresConnector, TransactionTrait as _,
};
use sqlx::postgres::PgPoolOptions;
use tenant_testkit::Proxy;

/// Long enough for whatever would come in the background.
async fn quiet() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

fn contains(proxy: &Proxy, what: &str) -> bool {
    proxy.messages().iter().any(|message| message.contains(what))
}

#[tokio::test]
async fn a_transaction_with_one_query_costs_three_and_nothing_at_checkout_or_return() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one().connect(proxy.url(world.layout.roles().login())).await.unwrap();
    let mine = scope(A).await;
    for cached in [false, true] {
        quiet().await;
        proxy.reset();
        let tx = db.begin(&mine).await.unwrap();
        assert_eq!(proxy.round_trips(), 1, "{:?}", proxy.messages());
        assert!(contains(&proxy, "SET LOCAL ROLE"), "{:?}", proxy.messages());
        assert_eq!(invoice::Entity::find().all(&tx).await.unwrap().len(), 2);
        tx.commit().await.unwrap();
        quiet().await;
        // The first time the statement has to be prepared.
        let expected = if cached { 3 } else { 4 };
        assert_eq!(proxy.round_trips(), expected, "{:?}", proxy.messages());
    }
    assert_eq!(proxy.accepted(), LOOKED + 1, "one connection did all of it");
}

/// The twin: the same by hand on SeaORM's pool, with its defaults.
#[tokio::test]
async fn the_orms_own_transaction_costs_a_ping_before_and_after() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(&proxy.url(world.layout.roles().login()))
        .await
        .unwrap();
    let db: DatabaseConnection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    db.begin().await.unwrap().commit().await.unwrap();
    quiet().await;
    proxy.reset();
    let tx = db.begin().await.unwrap();
    tx.execute_unprepared("SELECT 1").await.unwrap();
    tx.commit().await.unwrap();
    quiet().await;
    assert_eq!(proxy.round_trips(), 5, "{:?}", proxy.messages());
}

#[tokio::test]
async fn a_rollback_costs_as_much_as_a_commit_and_a_drop_no_more() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one().connect(proxy.url(world.layout.roles().login())).await.unwrap();
    let mine = scope(A).await;
    db.begin(&mine).await.unwrap().commit().await.unwrap();
    for dropped in [false, true] {
        quiet().await;
        proxy.reset();
        let tx = db.begin(&mine).await.unwrap();
        if dropped {
            drop(tx);
        } else {
            tx.rollback().await.unwrap();
        }
        quiet().await;
        assert_eq!(proxy.round_trips(), 2, "{:?}", proxy.messages());
    }
    assert_eq!(proxy.accepted(), LOOKED + 1, "{:?}", proxy.messages());
}

#[tokio::test]
async fn a_nested_transaction_costs_two_with_the_tenant_set_again() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one().connect(proxy.url(world.layout.roles().login())).await.unwrap();
    let tx = db.begin(&scope(A).await).await.unwrap();
    proxy.reset();
    tx.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(proxy.round_trips(), 2, "{:?}", proxy.messages());
    proxy.reset();
    tx.begin().await.unwrap().rollback().await.unwrap();
    assert_eq!(proxy.round_trips(), 2, "{:?}", proxy.messages());
    // One that is dropped is rolled back by the next call, and only then.
    proxy.reset();
    drop(tx.begin().await.unwrap());
    assert_eq!(proxy.round_trips(), 1, "{:?}", proxy.messages());
    tx.commit().await.unwrap();
    assert_eq!(proxy.round_trips(), 3, "{:?}", proxy.messages());
}

#[tokio::test]
async fn a_shared_transaction_costs_three_too() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let db = World::one().connect(proxy.url(world.layout.roles().login())).await.unwrap();
    for expected in [4, 3] {
        quiet().await;
        proxy.reset();
        let shared = db.shared().await.unwrap();
        assert_eq!(shared.all(plan::Entity::find()).await.unwrap().len(), 2);
        shared.commit().await.unwrap();
        quiet().await;
        assert_eq!(proxy.round_trips(), expected, "{:?}", proxy.messages());
    }
}

#[tokio::test]
async fn a_connection_is_lent_on_in_the_state_of_a_new_one() {
    let world = World::new().await;
    let db = world.connect_one().await;
    for round in 0..20 {
        let id = if round % 2 == 0 { A } else { B };
        let tx = db.begin(&scope(id).await).await.unwrap();
        let seen = invoice::Entity::find().all(&tx).await.unwrap();
        assert!(seen.iter().all(|row| row.tenant_id == id));
        let row = customer::ActiveModel { name: Set("x".to_owned()), ..Default::default() };
        assert_eq!(row.insert(&tx).await.unwrap().tenant_id, id);
        match round % 3 {
            0 => tx.commit().await.unwrap(),
            1 => tx.rollback().await.unwrap(),
            _ => drop(tx),
        }
    }
    world.settled().await;
    assert_eq!(world.number("SELECT count(*) FROM customer WHERE name = 'x'").await, 7);
}

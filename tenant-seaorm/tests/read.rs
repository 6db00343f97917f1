//! One query in a transaction of its own, at whose end nobody waits; and why it is not less.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use std::time::Duration;

use common::{
    A, B, LOOKED, World,
    entity::{customer, invoice, plan},
    pooled::{behind_proxy, drop_in_flight, next_is_clean},
    scope,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tenant_seaorm::{Error, SqlSession as _};
use tokio::time::timeout;

/// Long enough for a message to leave, short enough not to matter.
const MOMENT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn it_sees_its_tenant_through_all_kinds_of_selects() {
    let world = World::new().await;
    let db = world.connect_one().await;
    let scopes = [scope(A).await, scope(B).await];
    for round in 0..20 {
        let (id, mine) = ([A, B][round % 2], &scopes[round % 2]);
        let seen = db.read(mine, invoice::Entity::find()).await.unwrap();
        assert!(!seen.is_empty() && seen.iter().all(|row| row.tenant_id == id));
        let both = invoice::Entity::find().find_also_related(customer::Entity);
        let both = db.read(mine, both).await.unwrap();
        assert!(both.iter().all(|(_, customer)| customer.as_ref().unwrap().tenant_id == id));
        let many = customer::Entity::find().find_with_related(invoice::Entity);
        assert_eq!(db.read(mine, many).await.unwrap().len(), 1);
        assert_eq!(db.read(mine, plan::Entity::find()).await.unwrap().len(), 2);
    }
    // It can be spawned.
    let mine = scopes[0].clone();
    let spawned = tokio::spawn(async move { db.read(&mine, invoice::Entity::find()).await });
    assert_eq!(spawned.await.unwrap().unwrap().len(), 2);
}

#[tokio::test]
async fn it_costs_two_round_trips_that_anybody_waits_for() {
    let (world, proxy, db) = behind_proxy().await;
    let mine = scope(A).await;
    for cached in [false, true, true] {
        world.settled().await;
        proxy.reset();
        db.read(&mine, invoice::Entity::find()).await.unwrap();
        let expected = if cached { 2 } else { 3 };
        assert_eq!(proxy.round_trips(), expected, "{:#?}", proxy.messages());
        // The end comes behind it.
        timeout(Duration::from_secs(10), proxy.reached(expected + 1)).await.unwrap();
        assert!(proxy.messages()[expected].contains("ROLLBACK"), "{:#?}", proxy.messages());
    }
    assert_eq!(proxy.accepted(), LOOKED + 1, "one connection did all of it");
}

/// Why SeaORM has neither a read in one round trip nor a `BEGIN` that travels with the first query:
/// sqlx takes no statement before it has heard the end of the last one, so two never share a write.
#[tokio::test]
async fn sqlx_sends_nothing_before_the_answer_to_begin_is_in() {
    let world = World::new().await;
    let proxy = world.db.proxy().await.unwrap();
    let mut conn = PgConnection::connect(&proxy.superuser_url()).await.unwrap();
    proxy.reset();
    proxy.stall();
    assert!(timeout(MOMENT, conn.execute("BEGIN")).await.is_err());
    let query = sqlx::query("SELECT $1::int").bind(1);
    assert!(timeout(MOMENT, query.fetch_one(&mut conn)).await.is_err());
    assert_eq!(proxy.messages(), ["Query BEGIN"], "sqlx has learnt to pipeline: use it in `read`");
    proxy.resume();
    sqlx::query("SELECT $1::int").bind(1).fetch_one(&mut conn).await.unwrap();
    assert!(proxy.round_trips() > 1, "the twin: it does once the answer is in");
}

#[tokio::test]
async fn what_a_query_calls_cannot_write_either() {
    let (world, _proxy, db) = behind_proxy().await;
    let mine = scope(A).await;
    let function = format!(
        "CREATE FUNCTION stray() RETURNS boolean LANGUAGE sql VOLATILE AS
           $$ INSERT INTO customer (name) VALUES ('stray') RETURNING true $$;
         GRANT EXECUTE ON FUNCTION stray() TO {}",
        world.layout.roles().tenant().unwrap()
    );
    world.db.session().batch(&function).await.unwrap();
    let stray = || {
        let calls = sea_orm::sea_query::Expr::cust("stray()");
        customer::Entity::find().filter(calls)
    };
    let error = db.read(&mine, stray()).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    let locked = customer::Entity::find().lock_exclusive();
    let error = db.read(&mine, locked).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    // The twin: in a transaction that may write, it writes.
    let tx = db.begin(&mine).await.unwrap();
    stray().all(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let strays = "SELECT count(*) FROM customer WHERE name = 'stray'";
    assert!(world.number(strays).await >= 1);
}

#[tokio::test]
async fn a_read_that_fails_or_is_dropped_in_flight_leaks_no_tenant() {
    let (world, proxy, db) = behind_proxy().await;
    let mine = scope(A).await;
    let zero = sea_orm::sea_query::Expr::cust("1/0 = 1");
    let failing = customer::Entity::find().filter(zero);
    let error = db.read(&mine, failing).await.unwrap_err();
    assert!(error.to_string().contains("zero"), "{error}");
    next_is_clean(&world, &db).await;
    let named = customer::Entity::find().filter(customer::Column::Name.eq("a-cust"));
    drop_in_flight(&proxy, db.read(&mine, named)).await;
    next_is_clean(&world, &db).await;
    world.settled().await;
    let control = sea_orm::sea_query::Expr::cust("set_config('a.b', 'c', false) = 'c'");
    proxy.reset();
    let error = db.read(&mine, customer::Entity::find().filter(control)).await.unwrap_err();
    assert!(matches!(Error::find(&error), Some(Error::RawSql { .. })), "{error}");
    assert_eq!(proxy.round_trips(), 1, "{:#?}", proxy.messages());
}

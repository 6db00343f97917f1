//! One query in one visible round trip.

use std::{collections::BTreeSet, time::Duration};

use diesel::sql_types::{Integer, Text};
use futures_util::future::join;
use tenant_diesel::{Error, TenantDb, prelude::*};
use tenant_tests::{cancel::cancelled_after, shop::Shop};
use tokio::time::timeout;
use uuid::Uuid;

use crate::one::{LOOKED, One};
use crate::schema::{TENANCY, invoices, plans, projects};

const MOMENT: Duration = Duration::from_millis(100);

diesel::define_sql_function! { fn stray() -> diesel::sql_types::BigInt; }
diesel::define_sql_function! {
    fn set_config(name: Text, value: Text, local: diesel::sql_types::Bool) -> Text;
}

async fn pool_of(shop: &Shop, size: u32) -> TenantDb {
    TenantDb::builder(&TENANCY).max_connections(size).connect(shop.url()).await.unwrap()
}

fn whose() -> diesel::dsl::Distinct<diesel::dsl::Select<projects::table, projects::tenant_id>> {
    projects::table.select(projects::tenant_id).distinct()
}

#[tokio::test]
async fn it_sees_its_tenant_cached_or_not_and_through_boxes_and_unions() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of(&shop, 1).await;
    let scopes = [shop.scope(&shop.a).await, shop.scope(&shop.b).await];
    for round in 0..50 {
        let scope = &scopes[round % 2];
        let id = scope.id().as_uuid().unwrap();
        assert_eq!(db.read::<_, _, Uuid>(scope, whose()).await.unwrap(), [id]);
        let boxed = projects::table.select(projects::tenant_id).into_boxed();
        assert_eq!(db.read::<_, _, Uuid>(scope, boxed).await.unwrap(), [id]);
        let both = whose().union(projects::table.select(projects::tenant_id)).gated();
        assert_eq!(db.read::<_, _, Uuid>(scope, both).await.unwrap(), [id]);
        // Never the same statement twice: none is cached.
        let text = format!("amount + {round}");
        let sum = invoices::table.select(diesel::dsl::sql::<Integer>(&text)).limit(1);
        assert_eq!(db.read::<_, _, i32>(scope, sum).await.unwrap().len(), 1);
    }
    let joined = invoices::table.inner_join(projects::table).inner_join(plans::table);
    let joined = joined.select((invoices::amount, plans::name)).order(invoices::amount);
    let rows: Vec<(i32, String)> = db.read(&scopes[0], joined).await.unwrap();
    assert_eq!(rows.len(), 5);
    // It can be spawned.
    let (db, scope) = (db.clone(), scopes[0].clone());
    let spawned =
        tokio::spawn(async move { db.read::<_, _, i64>(&scope, invoices::table.count()).await });
    assert_eq!(spawned.await.unwrap().unwrap(), [5]);
}

#[tokio::test]
async fn it_costs_one_round_trip_that_anybody_waits_for() {
    let One { shop, proxy, db, scope } = One::open().await;
    for cached in [false, true, true] {
        shop.settled().await;
        proxy.reset();
        assert_eq!(db.read::<_, _, i64>(&scope, invoices::table.count()).await.unwrap(), [5]);
        let expected = if cached { 1 } else { 2 };
        assert_eq!(proxy.round_trips(), expected, "{:#?}", proxy.messages());
        // The commit comes behind it.
        timeout(Duration::from_secs(10), proxy.reached(expected + 1)).await.unwrap();
        assert!(proxy.messages()[expected].contains("COMMIT"), "{:#?}", proxy.messages());
    }
    assert_eq!(proxy.accepted(), LOOKED + 1);
}

#[tokio::test]
async fn what_a_query_calls_cannot_write_either() {
    let shop = Shop::open(&TENANCY).await;
    let name = shop.database.name();
    let function = format!(
        "CREATE FUNCTION stray() RETURNS bigint LANGUAGE sql VOLATILE AS
           $$ INSERT INTO projects (name) VALUES ('stray') RETURNING id $$;
         GRANT EXECUTE ON FUNCTION stray() TO {name}_tenant"
    );
    tenant_core::SqlSession::batch(shop.database.session(), &function).await.unwrap();
    let db = pool_of(&shop, 1).await;
    let scope = shop.scope(&shop.a).await;
    let error = db.read::<_, _, i64>(&scope, diesel::select(stray())).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    assert_eq!(shop.count("projects WHERE name = 'stray'").await, 0);
    let lock = projects::table.select(projects::id).for_update();
    let error = db.read::<_, _, i64>(&scope, lock).await.unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    // The twin: in a transaction that may write, it writes.
    let mut tx = db.begin_deferred(&scope).await.unwrap();
    diesel::select(stray()).get_result::<i64>(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.count("projects WHERE name = 'stray'").await, 1);
}

/// Attack (types): `set_config` inside of a query that is read (Diesel).
#[tokio::test]
async fn what_controls_the_session_is_refused_and_what_leaves_traces_is_closed() {
    let One { shop, proxy, db, scope } = One::open().await;
    let other = shop.b.to_string();
    proxy.reset();
    let switch = diesel::select(set_config("app.current_tenant_id", other.as_str(), true));
    let error = db.read::<_, _, String>(&scope, switch).await.unwrap_err();
    assert!(matches!(error, Error::RawSql { .. }), "{error}");
    assert_eq!(proxy.round_trips(), 0, "{:#?}", proxy.messages());
    let lock = diesel::dsl::sql::<Text>("pg_advisory_lock(1)::text");
    db.read::<_, _, String>(&scope, projects::table.select(lock)).await.unwrap();
    assert_eq!(db.read::<_, _, i64>(&scope, invoices::table.count()).await.unwrap(), [5]);
    assert_eq!(proxy.accepted(), LOOKED + 2, "the connection with the lock was closed");
}

#[tokio::test]
async fn a_query_that_fails_says_so_and_keeps_its_connection() {
    let One { shop, proxy, db, scope } = One::open().await;
    let zero = diesel::select(diesel::dsl::sql::<Integer>("1/0"));
    let error = db.read::<_, _, i32>(&scope, zero).await.unwrap_err();
    assert!(error.to_string().contains("zero"), "{error}");
    assert_eq!(db.read::<_, _, i64>(&scope, invoices::table.count()).await.unwrap(), [5]);
    let error = db.read::<_, _, i64>(&shop.scope(&7.into()).await, invoices::table.count());
    assert!(matches!(error.await, Err(Error::Core(_))));
    assert_eq!(proxy.accepted(), LOOKED + 1);
}

#[tokio::test]
async fn killed_on_the_way_it_fails_and_the_next_one_does_not() {
    let One { shop: _shop, proxy, db, scope } = One::open().await;
    let count = || db.read::<_, _, i64>(&scope, invoices::table.count());
    count().await.unwrap();
    proxy.stall();
    proxy.reset();
    let cut = async {
        proxy.reached(1).await;
        proxy.cut();
        proxy.resume();
    };
    let (read, ()) = join(count(), cut).await;
    assert!(matches!(read, Err(Error::Begin { .. })), "{read:?}");
    assert_eq!(count().await.unwrap(), [5]);
}

#[tokio::test]
async fn cancelled_in_flight_it_leaks_no_tenant() {
    let One { shop, proxy, db, scope } = One::open().await;
    proxy.stall();
    assert!(timeout(MOMENT, db.read::<_, _, Uuid>(&scope, whose())).await.is_err());
    proxy.resume();
    let scope = shop.scope(&shop.b).await;
    let seen = db.read::<_, _, Uuid>(&scope, whose()).await.unwrap();
    assert_eq!(seen, [shop.b.as_uuid().unwrap()]);
    shop.settled().await;
    assert_eq!(proxy.accepted(), LOOKED + 2, "the connection was not lent again");
}

#[tokio::test]
async fn five_hundred_reads_and_deferred_writes_cancelled_anywhere_leak_and_lose_nothing() {
    const CALLS: u64 = 600;
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of(&shop, 2).await;
    let scopes = [shop.scope(&shop.a).await, shop.scope(&shop.b).await];
    let (mut committed, mut done, mut cancelled) = (BTreeSet::new(), 0, 0);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for call in 0..CALLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(call | 1);
        let scope = &scopes[usize::from(random & 1 << 40 != 0)];
        let id = scope.id().as_uuid().unwrap();
        let polls = (random >> 33) % 12;
        let name = format!("call {call}");
        let work = async {
            assert_eq!(db.read::<_, _, Uuid>(scope, whose()).await?, [id], "call {call}");
            let mut tx = db.begin_deferred(scope).await?;
            let project = diesel::insert_into(projects::table).values(projects::name.eq(&name));
            project.execute(&mut tx).await?;
            tx.commit().await
        };
        match cancelled_after(polls, work).await {
            Some(result) => {
                result.unwrap();
                committed.insert(name);
                done += 1;
            }
            None => cancelled += 1,
        }
        let other = &scopes[usize::from(call % 2 == 0)];
        let seen = timeout(Duration::from_secs(10), db.read::<_, _, Uuid>(other, whose()));
        let seen = seen.await.expect("nothing hangs").unwrap();
        assert_eq!(seen, [other.id().as_uuid().unwrap()], "call {call}");
    }
    shop.settled().await;
    for name in &committed {
        assert_eq!(shop.count(&format!("projects WHERE name = '{name}'")).await, 1, "{name}");
    }
    assert!(cancelled > 50, "only {cancelled} of {CALLS} calls were cancelled");
    assert!(done > 50, "only {done} of {CALLS} calls came through");
}

//! Futures dropped at every point: nothing leaks to the next borrower, nothing hangs, no write is
//! lost in silence.

use std::{collections::BTreeSet, time::Duration};

use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, deadpool::Pool},
};
use tenant_diesel::{Error, TenantDb, prelude::*, sql_query};
use tenant_tests::{cancel::cancelled_after, shop::Shop};
use tokio::time::timeout;

use crate::schema::{TENANCY, invoices, projects};

/// Long enough for a message to leave, short enough not to matter.
const MOMENT: Duration = Duration::from_millis(100);

async fn pool_of(shop: &Shop, size: u32, url: String) -> TenantDb {
    let _ = shop;
    TenantDb::builder(&TENANCY).max_connections(size).connect(url).await.unwrap()
}

/// The next borrower of the pool's only connection sees its own tenant and nothing else.
async fn the_next_one_is_clean(shop: &Shop, db: &TenantDb) {
    let mut tx = db.begin(&shop.scope(&shop.b).await).await.unwrap();
    let whose: Vec<uuid::Uuid> =
        projects::table.select(projects::tenant_id).distinct().load(&mut tx).await.unwrap();
    assert_eq!(whose, [shop.b.as_uuid().unwrap()]);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn begin_cancelled_in_flight_leaks_no_tenant() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let db = pool_of(&shop, 1, proxy.url(&format!("{}_login", shop.database.name()))).await;
    let scope = shop.scope(&shop.a).await;
    proxy.stall();
    assert!(timeout(MOMENT, db.begin(&scope)).await.is_err());
    proxy.resume();
    the_next_one_is_clean(&shop, &db).await;
    shop.settled().await;
}

#[tokio::test]
async fn twin_a_plain_pool_hands_the_failed_opening_to_the_next_borrower() {
    let shop = Shop::open(&TENANCY).await;
    let pool = Pool::builder(AsyncDieselConnectionManager::<AsyncPgConnection>::new(
        shop.database.superuser_url(),
    ))
    .max_size(1)
    .build()
    .unwrap();
    let mut connection = pool.get().await.unwrap();
    let opening = "BEGIN; SELECT set_config('app.current_tenant_id', 'leaked', true)";
    connection.batch_execute(opening).await.unwrap();
    drop(connection);
    let mut next = pool.get().await.unwrap();
    let setting =
        diesel::sql_query("SELECT current_setting('app.current_tenant_id', true) AS text");
    let seen: OneText = diesel_async::RunQueryDsl::get_result(setting, &mut *next).await.unwrap();
    assert_eq!(seen.text.as_deref(), Some("leaked"));
}

#[tokio::test]
async fn a_query_cancelled_in_flight_ends_with_its_transaction() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of(&shop, 1, shop.url()).await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    diesel::insert_into(projects::table)
        .values(projects::name.eq("x"))
        .execute(&mut tx)
        .await
        .unwrap();
    let slow = sql_query("SELECT pg_sleep(2)");
    assert!(timeout(MOMENT, slow.execute(&mut tx)).await.is_err());
    drop(tx);
    the_next_one_is_clean(&shop, &db).await;
    shop.settled().await;
    assert_eq!(shop.count("projects WHERE name = 'x'").await, 0);
}

#[tokio::test]
async fn a_query_whose_caller_is_gone_ends_and_frees_its_locks() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of(&shop, 1, shop.url()).await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    diesel::update(projects::table).set(projects::name.eq("x")).execute(&mut tx).await.unwrap();
    let endless = sql_query("SELECT pg_sleep(600)");
    assert!(timeout(MOMENT, endless.execute(&mut tx)).await.is_err());
    drop(tx);
    // The server looks for its client every two seconds, because the isolation says so.
    shop.settled().await;
}

#[tokio::test]
async fn twin_without_that_setting_the_query_goes_on() {
    let shop = Shop::open(&TENANCY).await;
    let name = shop.database.name();
    let reset = format!(
        "ALTER ROLE {name}_login IN DATABASE {name} RESET client_connection_check_interval"
    );
    tenant_core::SqlSession::batch(shop.database.session(), &reset).await.unwrap();
    let db = pool_of(&shop, 1, shop.url()).await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let endless = sql_query("SELECT pg_sleep(600)");
    assert!(timeout(MOMENT, endless.execute(&mut tx)).await.is_err());
    drop(tx);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let active = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE '%600%' \
         AND state = 'active' AND usename = '{name}_login'"
    );
    assert_eq!(shop.ask(&active).await, "1");
}

#[tokio::test]
async fn a_cancelled_nested_transaction_makes_the_whole_one_unusable() {
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of(&shop, 1, shop.url()).await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let nested = tx.transaction(async |tx| -> QueryResult<()> {
        diesel::insert_into(projects::table).values(projects::name.eq("half")).execute(tx).await?;
        std::future::pending().await
    });
    assert!(timeout(MOMENT, nested).await.is_err());
    let error = Error::from(invoices::table.count().get_result::<i64>(&mut tx).await.unwrap_err());
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));
    the_next_one_is_clean(&shop, &db).await;
    shop.settled().await;
    assert_eq!(shop.count("projects WHERE name = 'half'").await, 0);
}

#[tokio::test]
async fn a_nested_transaction_cancelled_while_it_begins_makes_the_whole_one_unusable() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let db = pool_of(&shop, 1, proxy.url(&format!("{}_login", shop.database.name()))).await;
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    proxy.stall();
    let nested = tx.transaction(async |_| -> QueryResult<()> { Ok(()) });
    assert!(timeout(MOMENT, nested).await.is_err());
    proxy.resume();
    assert!(matches!(tx.commit().await, Err(Error::Closed { .. })));
    the_next_one_is_clean(&shop, &db).await;
}

#[tokio::test]
async fn a_commit_cancelled_in_flight_leaves_nothing_to_the_next_one() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let db = pool_of(&shop, 1, proxy.url(&format!("{}_login", shop.database.name()))).await;
    let tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    proxy.stall();
    assert!(timeout(MOMENT, tx.commit()).await.is_err());
    proxy.resume();
    the_next_one_is_clean(&shop, &db).await;
    shop.settled().await;
}

#[tokio::test]
async fn five_hundred_calls_cancelled_anywhere_leak_and_lose_nothing() {
    const CALLS: u64 = 600;
    let shop = Shop::open(&TENANCY).await;
    let db = pool_of(&shop, 2, shop.url()).await;
    let scopes = [shop.scope(&shop.a).await, shop.scope(&shop.b).await];
    let mut committed = BTreeSet::new();
    let mut cancelled = 0;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for call in 0..CALLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(call | 1);
        let scope = &scopes[usize::from(random & 1 << 40 != 0)];
        let polls = (random >> 33) % 16;
        let name = format!("call {call}");
        let work = async {
            let mut tx = db.begin(scope).await?;
            diesel::insert_into(projects::table)
                .values(projects::name.eq(&name))
                .execute(&mut tx)
                .await?;
            tx.transaction(async |tx| -> QueryResult<i64> {
                invoices::table.count().get_result(tx).await
            })
            .await?;
            tx.commit().await?;
            Ok::<_, Error>(())
        };
        match cancelled_after(polls, work).await {
            Some(result) => {
                result.unwrap();
                committed.insert(name);
            }
            None => cancelled += 1,
        }
        // Whoever comes next sees its own tenant and nothing else.
        let other = &scopes[usize::from(call % 2 == 0)];
        let check = async {
            let mut tx = db.begin(other).await?;
            let whose: Vec<uuid::Uuid> =
                projects::table.select(projects::tenant_id).distinct().load(&mut tx).await?;
            tx.commit().await?;
            Ok::<_, Error>(whose)
        };
        let whose = timeout(Duration::from_secs(10), check).await.expect("nothing hangs").unwrap();
        assert_eq!(whose, [other.id().as_uuid().unwrap()], "call {call}");
    }
    shop.settled().await;
    for name in &committed {
        assert_eq!(shop.count(&format!("projects WHERE name = '{name}'")).await, 1, "{name}");
    }
    assert!(cancelled > 50, "only {cancelled} of {CALLS} calls were cancelled");
    assert!(committed.len() > 50, "only {} of {CALLS} calls came through", committed.len());
}

#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    text: Option<String>,
}

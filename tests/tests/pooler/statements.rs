//! What a client left prepared on a connection of the server's, and whom it meets there.

use diesel::{
    Connection, PgConnection, QueryableByName, connection::SimpleConnection, sql_types::Int4,
};
use tenant_core::{Pooler, SqlSession};
use tenant_diesel::prelude::*;
use tenant_tests::{
    bouncer::{Bouncer, Settings},
    cancel::cancelled_after,
    shop::Shop,
};

use crate::fixture::{ADAPTERS, Adapter, Look, Pool, TENANCY, bouncer, kinds};

/// What another client does on a connection of the server's; it prepares nothing itself.
fn another(bouncer: &Bouncer, sql: &str) {
    let mut other = PgConnection::establish(&bouncer.url()).unwrap();
    other.batch_execute(sql).unwrap();
}

/// Leaves a statement on the server's one connection under each name that a driver might use next.
const LEAVE: &str = "DO $$ DECLARE s text; BEGIN \
     FOR s IN SELECT name FROM pg_prepared_statements WHERE name ~ '^(s|sqlx_s_|__diesel_stmt_)[0-9]+$' LOOP \
         EXECUTE format('DEALLOCATE %I', s); \
     END LOOP; \
     FOR n IN 0..3000 LOOP FOREACH s IN ARRAY ARRAY['s', 'sqlx_s_', '__diesel_stmt_'] LOOP \
         EXECUTE format('PREPARE %s%s AS SELECT 4711 AS amount', s, n); \
     END LOOP; END LOOP; END $$";

/// Under the names that the next tenant's driver uses.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_statements_that_others_left_meet_nobody() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    for (settings, pooler) in kinds(1) {
        let bouncer = bouncer(&shop, settings).await;
        for adapter in ADAPTERS {
            let pool = Pool::open(adapter, &bouncer.url(), pooler, Look::Yes).await.unwrap();
            for _ in 0..3 {
                another(&bouncer, LEAVE);
                let seen = pool.transaction(&scope, 1).await.unwrap();
                assert!(seen.contains(&1) && !seen.contains(&4711), "{adapter:?}: {seen:?}");
            }
        }
    }
}

/// The twin: without a word of the pooler, they do.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_statements_that_others_left_meet_a_pool_that_was_not_told() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    for adapter in ADAPTERS {
        let bouncer = bouncer(&shop, Settings::default()).await;
        let pool = Pool::open(adapter, &bouncer.url(), Pooler::None, Look::No).await.unwrap();
        another(&bouncer, LEAVE);
        let error = pool.transaction(&scope, 1).await.unwrap_err();
        assert!(error.contains("already exists"), "{adapter:?}: {error}");
    }
}

/// Dropped while its statement is prepared, a transaction that goes on leaves the statement behind.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_a_call_that_was_dropped_leaves_nothing_that_is_met() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    for (settings, pooler) in kinds(1) {
        let bouncer = bouncer(&shop, settings).await;
        let pool = Pool::open(Adapter::Diesel, &bouncer.url(), pooler, Look::Yes).await.unwrap();
        let Pool::Diesel(db) = &pool else { unreachable!() };
        for polls in 0..20 {
            let mut tx = db.begin(&scope).await.unwrap();
            let count = crate::fixture::schema::invoices::table.count();
            cancelled_after(polls, count.get_result::<i64>(&mut tx)).await;
            tx.commit().await.unwrap();
            pool.transaction(&scope, 1).await.unwrap();
        }
    }
}

const TYPED: [&str; 7] = [
    "SELECT 1 AS n, NULL::mood AS typed",
    "SELECT 1 AS n, NULL::hue AS typed",
    "SELECT 1 AS n, NULL::mood[] AS typed",
    "SELECT 1 AS n, NULL::price AS typed",
    "SELECT 1 AS n, NULL::pair AS typed",
    "SELECT 1 AS n, NULL::pair[] AS typed",
    "SELECT 1 AS n, NULL::mood AS typed",
];

#[derive(QueryableByName)]
struct One {
    #[diesel(sql_type = Int4)]
    n: i32,
}

/// tokio-postgres looks types up with statements that it keeps.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_types_of_ones_own_are_known_on_every_connection() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    let types = "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE hue AS ENUM ('red'); \
                 CREATE DOMAIN price AS int; CREATE TYPE pair AS (l mood, r price);";
    shop.database.session().batch(types).await.unwrap();
    for (settings, pooler) in kinds(3) {
        let settings = Settings { more: join(settings.more), ..settings };
        let bouncer = bouncer(&shop, settings).await;
        let pool = Pool::open(Adapter::Diesel, &bouncer.url(), pooler, Look::Yes).await.unwrap();
        let Pool::Diesel(db) = &pool else { unreachable!() };
        for sql in TYPED {
            let mut tx = db.begin(&scope).await.unwrap();
            let one: One = tenant_diesel::sql_query(sql).get_result(&mut tx).await.unwrap();
            assert_eq!(one.n, 1, "{sql}");
            tx.commit().await.unwrap();
        }
    }
}

/// Taking connections in turn.
fn join(more: &str) -> &'static str {
    if more.is_empty() {
        "server_round_robin = 1\n"
    } else {
        "max_prepared_statements = 100\nserver_round_robin = 1\n"
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_the_time_zone_is_the_drivers_whatever_others_set() {
    const ZONE: &str = "SELECT 1 AS n WHERE current_setting('TimeZone') = 'UTC'";
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    for (settings, pooler) in kinds(1) {
        let bouncer = bouncer(&shop, settings).await;
        let pool = Pool::open(Adapter::Diesel, &bouncer.url(), pooler, Look::Yes).await.unwrap();
        let Pool::Diesel(db) = &pool else { unreachable!() };
        for _ in 0..3 {
            another(&bouncer, "SET TIME ZONE 'Asia/Tokyo'");
            let mut tx = db.begin(&scope).await.unwrap();
            let utc: One = tenant_diesel::sql_query(ZONE).get_result(&mut tx).await.unwrap();
            assert_eq!(utc.n, 1);
            tx.commit().await.unwrap();
        }
    }
}

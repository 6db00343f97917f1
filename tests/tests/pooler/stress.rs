//! Many clients on few connections of the server's, two tenants, and calls that are dropped on the
//! way.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use tenant_core::{Pooler, TenantScope, Verified};
use tenant_tests::{
    bouncer::{Bouncer, Settings},
    cancel::cancelled_after,
    shop::Shop,
};

use crate::fixture::{
    ADAPTERS, Adapter, BORDER, Look, Pool, TENANCY, bouncer, kinds, newest, scopes,
};

const CLIENTS: u32 = 8;

/// How it went.
#[derive(Debug, Default)]
struct Told {
    committed: AtomicU32,
    dropped: AtomicU32,
    failed: AtomicU32,
    foreign: AtomicU32,
}

/// How many transactions: `POOLER_TRANSACTIONS`, or as many as the tests of everyday want.
fn transactions() -> u32 {
    std::env::var("POOLER_TRANSACTIONS").ok().map_or(1_000, |n| n.parse().unwrap())
}

/// So many transactions of both tenants by eight clients; every fifth is dropped on its way.
async fn stress(pool: &Pool, scopes: &[TenantScope<Verified>; 2], transactions: u32) -> Arc<Told> {
    let told = Arc::new(Told::default());
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (pool, scopes, told) = (pool.clone(), scopes.clone(), told.clone());
        clients.spawn(async move {
            for n in (client..transactions).step_by(CLIENTS as usize) {
                let second = (n / CLIENTS + client) % 2 == 1;
                let amount = if second { BORDER } else { 0 };
                let transaction = pool.transaction(&scopes[usize::from(second)], amount + 7);
                let cancels = n % 5 == 0 && !matches!(pool, Pool::Blocking(_));
                let polls = if cancels { u64::from(n / 5 % 9) } else { u64::MAX };
                match cancelled_after(polls, transaction).await {
                    None => told.dropped.fetch_add(1, Relaxed),
                    Some(Err(error)) => {
                        if told.failed.fetch_add(1, Relaxed) < 3 {
                            eprintln!("{error}");
                        }
                        0
                    }
                    Some(Ok(seen)) => {
                        let foreign = seen.iter().filter(|v| (**v >= BORDER) != second).count();
                        told.foreign.fetch_add(u32::try_from(foreign).unwrap(), Relaxed);
                        told.committed.fetch_add(1, Relaxed)
                    }
                };
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    told
}

async fn unharmed(adapter: Adapter, settings: Settings, pooler: Pooler) {
    let shop = Shop::open(&TENANCY).await;
    let scopes = scopes(&shop).await;
    let before = shop.count("invoices").await;
    let bouncer: Bouncer = bouncer(&shop, settings).await;
    let pool = Pool::open(adapter, &bouncer.url(), pooler, Look::Yes).await.unwrap();
    let started = std::time::Instant::now();
    let told = stress(&pool, &scopes, transactions()).await;
    eprintln!("{adapter:?}, {pooler:?}: {told:?} in {:?}", started.elapsed());
    assert_eq!(told.failed.load(Relaxed), 0, "{told:?}");
    assert_eq!(told.foreign.load(Relaxed), 0, "{told:?}");
    shop.settled().await;
    // What was dropped may have been committed or not; what was committed is there.
    let added = u32::try_from(shop.count("invoices").await - before).unwrap();
    let (committed, dropped) = (told.committed.load(Relaxed), told.dropped.load(Relaxed));
    assert!((committed..=committed + dropped).contains(&added), "{added}: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer; POOLER_TRANSACTIONS=10000 for all of it"]
async fn bouncer_eight_clients_on_two_connections_see_their_own_and_nothing_fails() {
    for adapter in ADAPTERS {
        for (settings, pooler) in kinds(2) {
            unharmed(adapter, settings, pooler).await;
        }
    }
}

/// Messages that travel together, of which the pooler must keep the whole on one connection.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer"]
async fn bouncer_what_travels_with_the_opening_stays_with_it() {
    use tenant_diesel::RunQueryDsl as _;

    for (settings, pooler) in kinds(2) {
        let shop = Shop::open(&TENANCY).await;
        let scopes = scopes(&shop).await;
        let bouncer = bouncer(&shop, settings).await;
        let url = bouncer.url();
        let pool = Pool::open(Adapter::Diesel, &url, pooler, Look::Yes).await.unwrap();
        let Pool::Diesel(db) = &pool else { unreachable!() };
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CLIENTS {
            let (db, scopes) = (db.clone(), scopes.clone());
            clients.spawn(async move {
                for n in 0..60_u32 {
                    let second = (n + client) % 2 == 1;
                    let scope = &scopes[usize::from(second)];
                    let polls = if n % 5 == 0 { u64::from(n / 5) } else { u64::MAX };
                    let read = async {
                        if n % 3 == 0 {
                            let mut tx = db.begin_deferred(scope).await.unwrap();
                            let seen: Vec<i32> = newest().load(&mut tx).await.unwrap();
                            tx.commit().await.unwrap();
                            seen
                        } else {
                            db.read(scope, newest()).await.unwrap()
                        }
                    };
                    let seen = cancelled_after(polls, read).await;
                    assert!(seen.iter().flatten().all(|amount| (*amount >= BORDER) == second));
                    assert!(seen.is_none_or(|seen| seen.len() == 5));
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        shop.settled().await;
    }
}

/// The twin: nobody was told of the pooler, and statements fail.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer"]
async fn bouncer_that_nobody_was_told_of_makes_statements_fail() {
    for adapter in ADAPTERS {
        let shop = Shop::open(&TENANCY).await;
        let scopes = scopes(&shop).await;
        let bouncer = bouncer(&shop, Settings { servers: 2, ..Settings::default() }).await;
        // It may not even open.
        let opened = Pool::open(adapter, &bouncer.url(), Pooler::None, Look::No).await;
        let Ok(pool) = opened else { continue };
        let told = stress(&pool, &scopes, 400).await;
        eprintln!("{adapter:?}: {told:?}");
        assert!(told.failed.load(Relaxed) > 0, "{adapter:?}: {told:?}");
    }
}

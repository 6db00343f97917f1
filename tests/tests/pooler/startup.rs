//! At the start: a pooler that nobody declared, and one that cannot work.

use tenant_core::Pooler;
use tenant_tests::{
    bouncer::{Bouncer, Settings},
    shop::Shop,
};

use crate::fixture::{ADAPTERS, Adapter, Look, Pool, TENANCY, bouncer, kinds};

const EVERY: [Pooler; 3] =
    [Pooler::None, Pooler::Transaction, Pooler::TransactionWithPreparedStatements];

async fn refusal(adapter: Adapter, bouncer: &Bouncer, pooler: Pooler) -> String {
    let opened = Pool::open(adapter, &bouncer.url(), pooler, Look::Yes).await;
    opened.err().unwrap_or_else(|| panic!("{adapter:?} opened with {pooler:?}"))
}

#[tokio::test]
async fn without_a_pooler_whatever_was_declared_opens_and_works() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    for adapter in ADAPTERS {
        for pooler in EVERY {
            let pool = Pool::open(adapter, &shop.url(), pooler, Look::Yes).await.unwrap();
            for _ in 0..3 {
                pool.transaction(&scope, 1).await.unwrap();
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_that_nobody_declared_is_an_error_that_says_what_to_set() {
    let shop = Shop::open(&TENANCY).await;
    let in_turn = "server_round_robin = 1\n";
    for (servers, more) in [(1, ""), (2, ""), (2, in_turn), (3, in_turn)] {
        let settings = Settings { servers, more, ..Settings::default() };
        let bouncer = bouncer(&shop, settings).await;
        for adapter in ADAPTERS {
            let error = refusal(adapter, &bouncer, Pooler::None).await;
            assert!(error.contains(".pooler(Pooler::Transaction)"), "{adapter:?}: {error}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_in_statement_mode_is_an_error_that_says_that_it_cannot_work() {
    let shop = Shop::open(&TENANCY).await;
    let bouncer = bouncer(&shop, Settings { mode: "statement", ..Settings::default() }).await;
    for adapter in ADAPTERS {
        for pooler in EVERY {
            let error = refusal(adapter, &bouncer, pooler).await;
            assert!(error.contains("statement mode"), "{adapter:?}, {pooler:?}: {error}");
            assert!(error.contains("pool_mode = transaction"), "{adapter:?}, {pooler:?}: {error}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_in_session_mode_works_like_none() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    let settings = Settings { mode: "session", servers: 40, ..Settings::default() };
    let bouncer = bouncer(&shop, settings).await;
    for adapter in ADAPTERS {
        let pool = Pool::open(adapter, &bouncer.url(), Pooler::None, Look::Yes).await.unwrap();
        for _ in 0..3 {
            pool.transaction(&scope, 1).await.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_that_was_declared_opens() {
    let shop = Shop::open(&TENANCY).await;
    let scope = shop.scope(&shop.a).await;
    for (settings, pooler) in kinds(2) {
        let bouncer = bouncer(&shop, settings).await;
        for adapter in ADAPTERS {
            let pool = Pool::open(adapter, &bouncer.url(), pooler, Look::Yes).await.unwrap();
            for _ in 0..3 {
                pool.transaction(&scope, 1).await.unwrap();
            }
        }
    }
}

/// Blocking Diesel does not ask.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_that_does_not_keep_statements_as_declared_is_an_error() {
    let shop = Shop::open(&TENANCY).await;
    let bouncer = bouncer(&shop, Settings { servers: 2, ..Settings::default() }).await;
    for adapter in [Adapter::Diesel, Adapter::SeaOrm] {
        let declared = Pooler::TransactionWithPreparedStatements;
        let error = refusal(adapter, &bouncer, declared).await;
        assert!(error.contains("max_prepared_statements"), "{adapter:?}: {error}");
    }
}

/// sqlx alone sends one that PgBouncer does not know.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_that_refuses_what_the_driver_sends_is_an_error_that_says_what_to_set() {
    let shop = Shop::open(&TENANCY).await;
    let bouncer = bouncer(&shop, Settings { ignored: "", ..Settings::default() }).await;
    let error = refusal(Adapter::SeaOrm, &bouncer, Pooler::Transaction).await;
    assert!(error.contains("ignore_startup_parameters"), "{error}");
    for adapter in [Adapter::Diesel, Adapter::Blocking] {
        Pool::open(adapter, &bouncer.url(), Pooler::Transaction, Look::Yes).await.unwrap();
        let options = format!("{}?options=-c%20work_mem%3D1MB", bouncer.url());
        let opened = Pool::open(adapter, &options, Pooler::Transaction, Look::Yes).await;
        let error = opened.err().unwrap();
        assert!(error.contains("ignore_startup_parameters"), "{adapter:?}: {error}");
    }
}

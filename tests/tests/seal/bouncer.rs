//! The seal behind `PgBouncer` in transaction mode, where all clients share one backend.
//!
//! `cargo test -p tenant-tests --test seal -- --ignored bouncer`, with `PgBouncer` installed.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tenant_tests::bouncer::Bouncer;

use crate::{
    fixture::{ADAPTERS, Pools, SEES_ITS_OWN, SEES_THE_OTHER, Shop, Wall, runs, seal},
    replay::{REPLAY, TAKE, with_accomplice},
};

async fn behind(shop: &Shop) -> (Bouncer, Pools, Pools) {
    let bouncer = Bouncer::start(&shop.database, &format!("{}_login", shop.database.name())).await;
    let pools = shop.pools_at(bouncer.url(), seal()).await;
    let more = shop.pools_at(bouncer.url(), seal()).await;
    (bouncer, pools, more)
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_tenants_take_turns_on_one_backend_and_see_their_own() {
    let shop = Shop::open(Wall::Sealed).await;
    let (_bouncer, mine, theirs) = behind(&shop).await;
    let both =
        "DO $$ BEGIN ASSERT (SELECT array_agg(v ORDER BY v) FROM orders) = ARRAY[20, 21]; END $$";
    for _ in 0..20 {
        for adapter in ADAPTERS {
            runs(&mine, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
            runs(&theirs, adapter, 2, &[both]).await.unwrap();
        }
    }
}

/// Attack (seal): leaving a tenant on a backend that PgBouncer hands on.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_what_an_attacker_leaves_on_the_shared_backend_switches_nobody() {
    for (wall, held) in [(Wall::Sealed, true), (Wall::Unsealed, false)] {
        let shop = Shop::open(wall).await;
        let (_bouncer, mine, theirs) = behind(&shop).await;
        // For the session, and committed: the next client's backend has it.
        let left = "SELECT set_config('app.current_tenant_id', '2', false)";
        runs(&mine, "diesel", 1, &[left, "COMMIT"]).await.unwrap();
        // Without a tenant of its own, the next one would take what is there.
        let role = format!("SET LOCAL ROLE {}_tenant", shop.database.name());
        let next = ["COMMIT; BEGIN", &role, SEES_THE_OTHER];
        let seen = runs(&theirs, "diesel", 1, &next).await;
        assert_eq!(seen.is_err(), held, "{wall:?}: {seen:?}");
        runs(&theirs, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap();
    }
}

/// Attack (seal): leaving rows in a cursor `WITH HOLD` on a backend that PgBouncer hands on.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_a_held_cursor_is_closed_before_the_next_tenant_comes() {
    const HOLD: &str = "DECLARE loot CURSOR WITH HOLD FOR SELECT v FROM orders";
    const FETCH: &str = "FETCH ALL FROM loot";
    for adapter in ADAPTERS {
        let shop = Shop::open(Wall::Sealed).await;
        let (bouncer, mine, theirs) = behind(&shop).await;
        runs(&theirs, adapter, 2, &[HOLD, "COMMIT"]).await.unwrap();
        let error = runs(&mine, adapter, 1, &[FETCH]).await.unwrap_err();
        assert!(error.contains("cursor \"loot\" does not exist"), "{adapter}: {error}");
        // And it would have been there.
        runs(&theirs, adapter, 2, &[HOLD, "COMMIT"]).await.unwrap();
        let mut plain = AsyncPgConnection::establish(&bouncer.url()).await.unwrap();
        plain.batch_execute(FETCH).await.unwrap();
    }
}

/// Attack (seal): replaying a seal on the very backend that made it, behind PgBouncer.
#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn bouncer_a_seal_is_worth_nothing_later_on_the_backend_that_made_it() {
    for adapter in ADAPTERS {
        let shop = Shop::open(Wall::Sealed).await;
        with_accomplice(&shop).await;
        let (_bouncer, mine, theirs) = behind(&shop).await;
        runs(&theirs, adapter, 2, &[TAKE, "COMMIT"]).await.unwrap();
        let error = runs(&mine, adapter, 1, &[REPLAY, SEES_THE_OTHER]).await.unwrap_err();
        assert!(error.contains("not sealed"), "{adapter}: {error}");
    }
}

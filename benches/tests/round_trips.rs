//! What each way of running a query costs in round trips, counted at the socket. The table that
//! `cargo bench --bench round_trips` prints is made of the same ways.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

use std::time::Duration;

use tenant_benches::{
    modes::{Mode, Stack, Way, modes},
    shop::Shops,
};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn each_way_costs_what_the_table_says() {
    let shops = Shops::open().await;
    let (at, wire) = shops.proxied().await;
    let modes = modes(&at, 1).await;
    for mode in &modes {
        // Statements are prepared once; a pool pings a connection that it lends again.
        mode.run().await;
        mode.run().await;
        wire.quiet().await;
        wire.reset();
        mode.run().await;
        // Whoever runs on this thread has not had a chance to send more.
        assert_eq!(wire.round_trips(), mode.trips, "{mode:?}: {:#?}", wire.messages());
        let all = mode.trips + mode.behind;
        timeout(SOON, wire.reached(all)).await.expect("what comes behind");
        assert_eq!(wire.round_trips(), all, "{mode:?}: {:#?}", wire.messages());
    }
    none_is_more_than_the_orms_own(&modes);
}

/// What users compare.
fn none_is_more_than_the_orms_own(modes: &[Mode]) {
    let trips =
        |stack, way| modes.iter().find(|m| (m.stack, m.way) == (stack, way)).map(|m| m.trips);
    for stack in Stack::ALL {
        let own = trips(stack, Way::Plain).unwrap();
        for way in [Way::Ours, Way::OursSealed, Way::OursShared, Way::Deferred, Way::Read] {
            assert!(trips(stack, way).is_none_or(|ours| ours <= own), "{stack:?}, {way:?}");
        }
        assert_eq!(trips(stack, Way::OursNested), trips(stack, Way::PlainNested));
        assert_eq!(trips(stack, Way::OursEmpty), trips(stack, Way::PlainEmpty));
    }
    assert_eq!(trips(Stack::Diesel, Way::Read), Some(1));
    assert_eq!(trips(Stack::Diesel, Way::Deferred), Some(2));
}

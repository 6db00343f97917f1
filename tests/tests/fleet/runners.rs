//! Several at a time, and no target twice.

use std::time::Duration;

use tenant_core::SqlSession;

use crate::fixture::{Orm, SCHEMAS, World, counts, error, waiting, with_both};

with_both! {
    the_bound_is_kept
    two_runners_at_once_migrate_each_target_once
    a_target_that_another_runner_has_is_waited_for_and_not_for_ever
}

/// A connection that is closing is not active.
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name = 'tenant migrations' AND state = 'active'";

async fn the_bound_is_kept(orm: Orm) {
    let world = World::new(orm).await;
    let gate = world.gate(2..=SCHEMAS).await;
    let migrations = world.migrations().at_once(5);
    let look = async {
        world.until(&waiting(5)).await;
        let sessions = world.one(SESSIONS).await;
        drop(gate);
        sessions
    };
    let (report, sessions) = futures_util::join!(migrations.run(world.targets()), look);
    assert!(report.unwrap().is_complete());
    assert_eq!(sessions, "5");
    world.assert_all_once().await;
}

async fn two_runners_at_once_migrate_each_target_once(orm: Orm) {
    let world = World::new(orm).await;
    let (one, other) = (world.migrations().at_once(3), world.migrations().at_once(3));
    let (one, other) = futures_util::join!(one.run(world.targets()), other.run(world.targets()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_complete() && other.is_complete(), "{one:?} {other:?}");
    world.assert_all_once().await;
}

async fn a_target_that_another_runner_has_is_waited_for_and_not_for_ever(orm: Orm) {
    let world = World::new(orm).await;
    let other = world.database.session().dedicated().await.unwrap();
    let lock = "SELECT pg_advisory_lock(hashtextextended('tenancy.migrations t_03', 0)) AS is";
    other.rows(lock, &[]).await.unwrap();
    let hasty = world.migrations().stop_at(100).wait_for_runner(Duration::ZERO);
    let report = hasty.run(world.targets()).await.unwrap();
    assert_eq!(counts(&report), (SCHEMAS - 1, 1, 0), "{report:?}");
    assert!(error(&report, 3).contains("another runner"));
    drop(other);
    assert_eq!(counts(&world.migrations().run(world.targets()).await.unwrap()), (1, 0, 0));
    world.assert_all_once().await;
}

//! A canary, and an end after too many failures.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use tenant_core::{MigrationResult, MigrationState};

use crate::fixture::{Orm, SCHEMAS, World, counts, error, with_both};

with_both! {
    a_canary_that_fails_leaves_all_others_alone
    a_named_canary_goes_first
    after_so_many_failures_no_further_target_is_begun
    what_fails_is_known_and_goes_on_where_it_stopped
    a_run_that_is_told_to_stop_begins_no_other
}

async fn a_canary_that_fails_leaves_all_others_alone(orm: Orm) {
    let world = World::new(orm).await;
    world.batch("INSERT INTO control.fails VALUES ('t_01')").await;
    let report = world.migrations().stop_at(100).run(world.targets()).await.unwrap();
    assert_eq!(counts(&report), (0, 1, SCHEMAS - 1), "{report:?}");
    assert_eq!(report.stopped.as_deref(), Some("the canary failed: db/t_01"));
    assert_eq!(
        world.one("SELECT string_agg(DISTINCT schema, ' ') FROM control.runs").await,
        "t_01"
    );
    // Without one, the same failure is one of a hundred.
    let all = world.migrations().without_canary().stop_at(100);
    assert_eq!(counts(&all.run(world.targets()).await.unwrap()), (SCHEMAS - 1, 1, 0));
}

async fn a_named_canary_goes_first(orm: Orm) {
    let world = World::new(orm).await;
    world.batch("INSERT INTO control.fails VALUES ('t_12')").await;
    let mut targets = world.targets();
    for n in [7, 12] {
        targets[n - 1] = targets[n - 1].clone().canary();
    }
    let report = world.migrations().without_canary().run(targets).await.unwrap();
    assert_eq!(counts(&report), (1, 1, SCHEMAS - 2), "{report:?}");
    assert_eq!(report.outcomes[0].target.schema.as_deref(), Some("t_07"));
    assert_eq!(report.stopped.as_deref(), Some("the canary failed: db/t_12"));
}

async fn after_so_many_failures_no_further_target_is_begun(orm: Orm) {
    let world = World::new(orm).await;
    world.batch("INSERT INTO control.fails VALUES ('t_03'), ('t_05'), ('t_08'), ('t_09')").await;
    let three = world.migrations().at_once(1).stop_at(3);
    let report = three.run(world.targets()).await.unwrap();
    assert_eq!(counts(&report), (5, 3, SCHEMAS - 8), "{report:?}");
    assert_eq!(report.stopped.as_deref(), Some("3 targets failed"));
    // By default the first one ends it.
    let first = world.migrations().at_once(1).run(world.targets()).await.unwrap();
    assert_eq!(counts(&first).1, 1);
}

async fn what_fails_is_known_and_goes_on_where_it_stopped(orm: Orm) {
    let world = World::new(orm).await;
    world.batch("INSERT INTO control.fails VALUES ('t_03')").await;
    let migrations = world.migrations().stop_at(100);
    let report = migrations.run(world.targets()).await.unwrap();
    assert_eq!(counts(&report), (SCHEMAS - 1, 1, 0));
    let failed = report.failed().next().unwrap();
    let MigrationResult::Failed { applied, migration, unclear, error: said } = &failed.result
    else {
        panic!("{failed:?}")
    };
    assert!(applied[0].contains("notes") && applied.len() == 1, "{applied:?}");
    assert!(migration.as_deref().unwrap().contains("marks") && !unclear);
    assert!(said.contains("told to fail"), "{said}");
    let status = migrations.log().status().await.unwrap();
    assert_eq!((status[2].done, status[2].open[0].state), (1, MigrationState::Failed));
    assert!(status[2].open[0].error.as_deref().unwrap().contains("told to fail"));
    // Nothing of the second one is there, though it failed at its end.
    let marks = "SELECT count(*) FROM pg_attribute WHERE attrelid = 't_03.notes'::regclass AND attname = 'mark'";
    assert_eq!(world.one(marks).await, "0");

    world.batch("DELETE FROM control.fails").await;
    let again = migrations.run(world.targets()).await.unwrap();
    assert_eq!(counts(&again), (1, 0, 0), "{again:?}");
    world.assert_all_once().await;
}

async fn a_run_that_is_told_to_stop_begins_no_other(orm: Orm) {
    let world = World::new(orm).await;
    let stop = Arc::new(AtomicBool::new(false));
    let on = Arc::clone(&stop);
    let migrations = world.migrations().at_once(1).stop_when(stop).on_outcome(move |outcome| {
        on.fetch_or(outcome.target.schema.as_deref() == Some("t_05"), SeqCst);
    });
    let report = migrations.run(world.targets()).await.unwrap();
    assert_eq!(counts(&report), (5, 0, SCHEMAS - 5));
    assert_eq!(report.stopped.as_deref(), Some("it was told to stop"));
    assert!(!report.is_complete());
    world.batch("INSERT INTO control.fails VALUES ('t_06')").await;
    let report = world.migrations().run(world.targets()).await.unwrap();
    assert!(error(&report, 6).contains("told to fail"));
}

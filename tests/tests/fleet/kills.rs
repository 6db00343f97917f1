//! Runs that are killed in the middle, and resumed.

use tenant_core::{MigrationResult, MigrationState};
use tenant_tests::cancel::cancelled_after;

use crate::fixture::{Orm, SCHEMAS, World, counts, error, waiting, with_both};

with_both! {
    a_run_that_is_dropped_in_the_middle_is_resumed
    a_run_that_is_dropped_anywhere_is_resumed
    a_backend_that_is_killed_leaves_whole_migrations
    what_was_killed_outside_of_a_transaction_is_not_touched_again_unasked
}

async fn a_run_that_is_dropped_in_the_middle_is_resumed(orm: Orm) {
    let world = World::new(orm).await;
    let gate = world.gate([3, 5, 8]).await;
    let migrations = world.migrations().at_once(4);
    {
        let run = migrations.run(world.targets());
        // Three stand at the gate, and the fourth place has migrated all others.
        let arrived = async {
            world.until(&waiting(3)).await;
            world
                .until("SELECT count(*) = 17 FROM (SELECT FROM control.runs WHERE migration = 2) r")
                .await;
        };
        tokio::select! {
            report = run => panic!("{report:?}"),
            () = arrived => {}
        }
    }
    let running = "SELECT count(*) FROM tenancy_fleet.migrations WHERE state = 'running'";
    assert!(world.one(running).await.parse::<u8>().unwrap() >= 3);
    // The killed ones are still at the gate when the next run comes, and it waits for them.
    let again = migrations.run(world.targets());
    let open = async {
        world.until("SELECT count(*) > 3 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tenant migrations'").await;
        drop(gate);
    };
    let (report, ()) = futures_util::join!(again, open);
    assert!(report.as_ref().unwrap().is_complete(), "{report:?}");
    world.assert_all_once().await;
}

async fn a_run_that_is_dropped_anywhere_is_resumed(orm: Orm) {
    let world = World::new(orm).await;
    for polls in [3, 10, 25, 60, 140] {
        let migrations = world.migrations();
        let _ = cancelled_after(polls, migrations.run(world.targets())).await;
    }
    let report = world.migrations().run(world.targets()).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    world.assert_all_once().await;
}

async fn a_backend_that_is_killed_leaves_whole_migrations(orm: Orm) {
    let world = World::new(orm).await;
    let _gate = world.gate([3, 5]).await;
    let migrations = world.migrations().stop_at(100);
    let kill = async {
        world.until(&waiting(2)).await;
        world
            .batch(
                "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'tenant migrations'
                 AND wait_event_type = 'Lock'; END $$",
            )
            .await;
    };
    let (report, ()) = futures_util::join!(migrations.run(world.targets()), kill);
    let report = report.unwrap();
    assert_eq!(counts(&report), (SCHEMAS - 2, 2, 0), "{report:?}");
    for n in [3, 5] {
        assert!(!error(&report, n).is_empty());
        let marks = format!(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 't_{n:02}.notes'::regclass AND attname = 'mark'"
        );
        assert_eq!(world.one(&marks).await, "0");
    }
    world.assert_public_is_empty().await;
    world.batch("DELETE FROM control.waits").await;
    assert_eq!(counts(&migrations.run(world.targets()).await.unwrap()), (2, 0, 0));
    world.assert_all_once().await;
}

async fn what_was_killed_outside_of_a_transaction_is_not_touched_again_unasked(orm: Orm) {
    let world = World::new(orm).await;
    let target = || world.targets().into_iter().take(1);
    assert!(world.migrations().run(target()).await.unwrap().is_complete());
    // An index cannot be made while somebody writes to the table.
    let session = world.database.session();
    let writer = tenant_core::SqlSession::dedicated(session).await.unwrap();
    writer.batch("BEGIN; INSERT INTO t_01.notes (body) VALUES ('x')").await.unwrap();
    let migrations = world.indexed();
    let kill = async {
        world.until(&waiting(1)).await;
        world
            .batch(
                "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'tenant migrations'; END $$",
            )
            .await;
    };
    let (report, ()) = futures_util::join!(migrations.run(target()), kill);
    let report = report.unwrap();
    let failed = &report.failed().next().unwrap().result;
    assert!(matches!(failed, MigrationResult::Failed { unclear: true, .. }), "{failed:?}");
    writer.batch("COMMIT").await.unwrap();
    let unclear = migrations.log().status().await.unwrap();
    assert_eq!(unclear[0].open[0].state, MigrationState::Unclear);

    // Again, and also where the runner itself was killed: it is refused, and nothing is done.
    for state in ["unclear", "running"] {
        world
            .batch(&format!(
                "UPDATE tenancy_fleet.migrations SET state = '{state}' WHERE state <> 'done'"
            ))
            .await;
        let report = migrations.run(target()).await.unwrap();
        assert!(error(&report, 1).contains("retry_unclear"), "{report:?}");
    }
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_01.notes_body'::regclass";
    assert_eq!(world.one(valid).await, "false");

    world.batch("DROP INDEX t_01.notes_body").await;
    let report = world.indexed().retry_unclear().run(target()).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(world.one(valid).await, "true");
}

//! Where all goes well, and where the log and the targets differ.

use tenant_core::{
    MigrationLog, MigrationResult, MigrationState, MigrationTarget, MigrationsError, SqlSession,
    StaticDatabases, TenantMigrations,
};

use crate::fixture::{Orm, SCHEMAS, World, counts, error, with_both};

with_both! {
    every_schema_is_migrated_once_and_then_there_is_nothing_to_do
    a_dry_run_changes_nothing_at_all
    a_schema_that_is_not_there_is_an_error_and_not_public
    what_the_target_says_counts_and_the_log_follows
    a_database_as_a_whole_is_a_target
    tables_belong_to_the_role_that_was_asked_for
}

async fn every_schema_is_migrated_once_and_then_there_is_nothing_to_do(orm: Orm) {
    let world = World::new(orm).await;
    let migrations = world.migrations();
    let mut twice = world.targets();
    twice.extend(world.targets());
    let report = migrations.run(twice).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(counts(&report), (SCHEMAS, 0, 0));
    world.assert_all_once().await;
    let status = migrations.log().status().await.unwrap();
    assert_eq!(status.len(), SCHEMAS);
    assert!(status.iter().all(|target| target.done == 2 && target.open.is_empty()));
    assert_eq!(status[6].tenant.as_deref(), Some("7"));
    assert!(status[6].last.as_deref().is_some_and(|last| last.contains("marks")), "{status:?}");
    let records = migrations.log().records(&world.targets()[6]).await.unwrap();
    assert!(records.iter().all(|r| r.who == "a test" && r.started < r.finished), "{records:?}");

    let again = migrations.run(world.targets()).await.unwrap();
    assert!(again.outcomes.iter().all(|o| o.result == MigrationResult::UpToDate), "{again:?}");
    world.assert_all_once().await;
}

async fn a_dry_run_changes_nothing_at_all(orm: Orm) {
    let world = World::new(orm).await;
    let everything = "SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY 1) FROM pg_class c";
    let before = world.one(everything).await;
    let report = world.migrations().pending(world.targets()).await.unwrap();
    assert_eq!(report.undone().count(), SCHEMAS);
    for outcome in &report.outcomes {
        let MigrationResult::Pending { migrations } = &outcome.result else {
            panic!("{outcome:?}")
        };
        assert!(migrations[0].contains("notes") && migrations[1].contains("marks"));
    }
    assert_eq!(world.one(everything).await, before);
    assert!(MigrationLog::new(world.database.session().clone()).status().await.unwrap().is_empty());

    // It sees what is there, too.
    assert!(world.migrations().run(world.targets()).await.unwrap().is_complete());
    let report = world.migrations().pending(world.targets()).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
}

async fn a_schema_that_is_not_there_is_an_error_and_not_public(orm: Orm) {
    let world = World::new(orm).await;
    world.batch("DROP SCHEMA t_03").await;
    let migrations = world.migrations().stop_at(100);
    for report in [migrations.run(world.targets()).await, migrations.pending(world.targets()).await]
    {
        let report = report.unwrap();
        assert!(error(&report, 3).contains("there is no schema \"t_03\""), "{report:?}");
    }
    world.assert_public_is_empty().await;
    let gone = MigrationTarget::database("elsewhere");
    let report = migrations.run([gone]).await.unwrap();
    let said = format!("{report:?}");
    assert!(said.contains("nobody knows where the database"), "{said}");

    // Also where another schema is searched behind it; a plain search path makes the table there.
    world.batch("CREATE SCHEMA common").await;
    let common = world.migrations().also_search("common").run([world.targets()[2].clone()]).await;
    assert!(error(&common.unwrap(), 3).contains("there is no schema"));
    assert!(world.is("SELECT to_regclass('common.notes') IS NULL").await);
    let session = world.database.session().dedicated().await.unwrap();
    session.batch("SET search_path = t_03, common; CREATE TABLE notes ()").await.unwrap();
    assert!(world.is("SELECT to_regclass('common.notes') IS NOT NULL").await);
}

async fn what_the_target_says_counts_and_the_log_follows(orm: Orm) {
    let world = World::new(orm).await;
    let migrations = world.migrations();
    assert!(migrations.run(world.targets()).await.unwrap().is_complete());
    // A runner that was killed between the commit and the log; a log that was lost.
    world
        .batch(
            "UPDATE tenancy_fleet.migrations SET state = 'running' WHERE schema = 't_01';
             DELETE FROM tenancy_fleet.migrations WHERE schema = 't_02'",
        )
        .await;
    assert_eq!(migrations.log().status().await.unwrap()[0].open[0].state, MigrationState::Running);
    assert!(migrations.run(world.targets()).await.unwrap().is_complete());
    world.assert_all_once().await;
    let found = migrations.log().records(&world.targets()[1]).await.unwrap();
    assert!(found.iter().all(|record| record.started.is_none()), "{found:?}");

    // A schema that was restored from an old backup: whoever believes the log does not see it.
    world.batch("DROP SCHEMA t_04 CASCADE; CREATE SCHEMA t_04").await;
    world.batch("DELETE FROM control.runs WHERE schema = 't_04'").await;
    let believing = world.migrations().skip_complete();
    assert_eq!(counts(&believing.run(world.targets()).await.unwrap()), (0, 0, 0));
    assert!(world.is("SELECT to_regclass('t_04.notes') IS NULL").await);
    assert_eq!(counts(&migrations.run(world.targets()).await.unwrap()), (1, 0, 0));
    world.assert_all_once().await;

    migrations.log().forget(&world.targets()[3]).await.unwrap();
    assert_eq!(migrations.log().status().await.unwrap().len(), SCHEMAS - 1);
}

async fn a_database_as_a_whole_is_a_target(orm: Orm) {
    let world = World::new(orm).await;
    let report = world.migrations().run([MigrationTarget::database("db")]).await.unwrap();
    assert_eq!(counts(&report), (1, 0, 0), "{report:?}");
    assert!(world.is("SELECT to_regclass('public.notes') IS NOT NULL").await);
    let status = world.migrations().log().status().await.unwrap();
    assert_eq!((status[0].schema.as_deref(), status[0].done), (None, 2));
}

async fn tables_belong_to_the_role_that_was_asked_for(orm: Orm) {
    let world = World::new(orm).await;
    let owner = format!("{}_owner", world.database.name());
    world
        .batch(&format!("CREATE ROLE {owner}; GRANT USAGE, CREATE ON SCHEMA t_01 TO {owner}"))
        .await;
    world.batch(&format!("GRANT USAGE ON SCHEMA control TO {owner}")).await;
    world.batch(&format!("GRANT ALL ON ALL TABLES IN SCHEMA control TO {owner}")).await;
    // `t_02` is not its own.
    let targets = world.targets().into_iter().take(2);
    let report = world.migrations().role(&owner).run(targets).await.unwrap();
    assert_eq!(counts(&report), (1, 1, 0), "{report:?}");
    assert!(error(&report, 2).contains("the role may not use it"));
    let owners =
        "SELECT string_agg(DISTINCT tableowner, ' ') FROM pg_tables WHERE schemaname = 't_01'";
    assert_eq!(world.one(owners).await, owner);
}

#[tokio::test]
async fn nobody_migrates_without_a_name() {
    let world = World::new(Orm::Diesel).await;
    let source = tenant_diesel::IsolationMigrations::new("1", Vec::new());
    let migrator = tenant_diesel::TargetMigrator::new(source, StaticDatabases::new());
    let nobody = TenantMigrations::new(world.database.session().clone(), migrator, " ");
    assert!(matches!(nobody.run(world.targets()).await, Err(MigrationsError::Unaccountable)));
    assert!(world.is("SELECT to_regnamespace('tenancy_fleet') IS NULL").await);
}

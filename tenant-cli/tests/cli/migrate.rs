//! `migrate`: SQL files over all tenants' places, and what the log says of them.

use std::{fs, process::Stdio};

use diesel_migrations::FileBasedMigrations;
use tenant_core::{
    DatabaseAddress, MigrationResult, MigrationTarget, StaticDatabases, TenantMigrations,
};
use tenant_diesel::TargetMigrator;

use crate::{
    interrupt::{holding, until_blocked},
    shop::{As, Said, Shop, futures},
};

const NOTES: &str = "migrations/2026-11-21-000000_notes";
const MARKS: &str = "migrations/2026-11-22-000000_marks";

/// Tenants in two schemas and in shared tables, and two migrations.
pub(crate) fn with_files() -> Shop {
    let shop = Shop::apart();
    let schema = |n: u32| {
        format!(
            "CREATE SCHEMA t_{n} AUTHORIZATION {};
             INSERT INTO tenancy.tenants (id, slug, name, placement, schema)
             VALUES ('0c7d2f7e-4b1a-4a9e-9d51-00000000000{n}', 't-{n}', 't', 'schema', 't_{n}');",
            shop.role("owner")
        )
    };
    shop.sql(&format!(
        "{}{} INSERT INTO tenancy.tenants (id, slug, name)
         VALUES ('0c7d2f7e-4b1a-4a9e-9d51-000000000009', 'small', 'Small')",
        schema(1),
        schema(2)
    ));
    file(&shop, NOTES, "CREATE TABLE notes (id bigserial PRIMARY KEY, body text);\n-- the end");
    file(&shop, MARKS, "ALTER TABLE notes ADD COLUMN mark int;");
    shop
}

fn file(shop: &Shop, folder: &str, up: &str) {
    fs::create_dir_all(shop.path(folder)).unwrap();
    shop.write(&format!("{folder}/up.sql"), up);
}

#[test]
fn every_place_gets_what_it_lacks() {
    let (shop, mut said) = (with_files(), Said::default());
    shop.sql("CREATE TABLE t_2.notes ()");
    for args in [
        &["migrate", "status"][..],
        &["migrate", "pending"],
        &["migrate", "run"],
        &["migrate", "run", "--dry-run", "--only", "main/t_1"],
        &["migrate", "run", "--yes", "--parallel", "1", "--canary", "main/t_2"],
        &["migrate", "run", "--yes", "--parallel", "1"],
        &["migrate", "status"],
        &["migrate", "status", "main/t_1"],
        &["migrate", "pending", "--format", "markdown"],
    ] {
        shop.run(&mut said, As::Superuser, args);
    }
    shop.sql("DROP TABLE t_2.notes");
    for args in [
        &["migrate", "run", "--yes"][..],
        &["migrate", "run", "--yes"],
        &["migrate", "pending"],
        &["migrate", "status"],
        &["migrate", "run", "--yes", "--also", "main/t_9"],
        &["migrate", "forget", "main/t_9"],
        &["migrate", "forget", "main/t_2"],
        &["migrate", "status", "main/t_2"],
    ] {
        shop.run(&mut said, As::Superuser, args);
    }
    said.is("migrate");
    let owner = "SELECT string_agg(DISTINCT relowner::regrole::text, ',') FROM pg_class WHERE relname = 'notes'";
    assert_eq!(shop.value(owner), shop.role("owner"));
}

#[test]
fn what_is_no_migration_is_refused_before_anything_is_done() {
    let (shop, mut said) = (with_files(), Said::default());
    let pending = ["migrate", "pending", "--only", "main/t_1"];
    shop.run(&mut said, As::Superuser, &["migrate", "pending", "--dir", "nowhere"]);
    fs::create_dir_all(shop.path("migration/src")).unwrap();
    shop.run(&mut said, As::Superuser, &["migrate", "run", "--yes", "--dir", "nowhere"]);
    file(&shop, "migrations/2026-11-22-000000_other", "SELECT 1");
    shop.run(&mut said, As::Superuser, &pending);
    fs::remove_dir_all(shop.path("migrations/2026-11-22-000000_other")).unwrap();
    shop.write(&format!("{MARKS}/metadata.toml"), "run_in_transaction = perhaps");
    shop.run(&mut said, As::Superuser, &pending);
    fs::remove_file(shop.path(&format!("{MARKS}/metadata.toml"))).unwrap();
    file(&shop, MARKS, " \n");
    shop.run(&mut said, As::Superuser, &pending);
    fs::remove_file(shop.path(&format!("{MARKS}/up.sql"))).unwrap();
    shop.run(&mut said, As::Superuser, &pending);
    fs::remove_dir_all(shop.path(MARKS)).unwrap();
    for args in [
        &["migrate", "pending", "--only", "main/"][..],
        &["migrate", "run", "--yes", "--canary", "main/t_7"],
        &["migrate", "run", "--yes", "--canary", "main", "--no-canary"],
        &["migrate", "run", "--yes", "--lock-timeout", "soon"],
        &["migrate", "run", "--yes", "--also", "eu-1"],
        &["migrate", "run", "--yes", "--role", "nobody", "--only", "main/t_1"],
    ] {
        shop.run(&mut said, As::Superuser, args);
    }
    shop.run(&mut said, As::Role("login"), &["migrate", "run", "--yes"]);
    shop.run(&mut said, As::Role("login"), &["migrate", "status"]);
    shop.run(&mut said, As::Role("admin"), &["migrate", "run", "--yes"]);
    said.is("migrate_wrong");
    assert_eq!(shop.value("SELECT count(*) FROM pg_class WHERE relname = 'notes'"), "0");
}

/// Its owner needs no superuser.
#[test]
fn the_owner_migrates() {
    let shop = with_files();
    let run = || shop.command(As::Role("owner"), &["migrate", "run", "--yes"]).output().unwrap();
    let refused = run();
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    // What it says is what helps.
    let said = String::from_utf8(refused.stderr).unwrap();
    let at = said.find("CREATE SCHEMA tenancy_fleet").unwrap();
    shop.sql(&said[at..]);
    let run = run();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(shop.value("SELECT count(*) FROM pg_class WHERE relname = 'notes'"), "3");
}

/// Either finds applied what the other has applied.
#[test]
fn diesel_and_this_see_each_others_work() {
    let shop = with_files();
    let diesel = || {
        let url = shop.url(As::Superuser);
        let databases = StaticDatabases::new().database("main", DatabaseAddress::new(url));
        let files = FileBasedMigrations::from_path(shop.path("migrations")).unwrap();
        let migrator = TargetMigrator::new(files, databases);
        let log = shop.db.session().clone();
        TenantMigrations::new(log, migrator, "a test").role(shop.role("owner"))
    };
    let target = |n: u32| MigrationTarget::schema("main", format!("t_{n}"));

    let run = ["migrate", "run", "--yes", "--only", "main/t_1"];
    let ours = shop.command(As::Superuser, &run).output().unwrap();
    assert!(ours.status.success(), "{ours:?}");
    let theirs = futures(diesel().pending([target(1), target(2)])).unwrap();
    let lacks = |schema: &str| {
        let of = theirs.outcomes.iter().find(|o| o.target.schema.as_deref() == Some(schema));
        match &of.unwrap().result {
            MigrationResult::Pending { migrations } => migrations.len(),
            MigrationResult::UpToDate => 0,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((lacks("t_1"), lacks("t_2")), (0, 2));

    assert!(futures(diesel().run([target(2)])).unwrap().is_complete());
    let args = ["migrate", "pending", "--only", "main/t_2"];
    let none = shop.command(As::Superuser, &args).output().unwrap();
    assert!(none.status.success(), "{none:?}");
    assert!(String::from_utf8_lossy(&none.stdout).contains("1 had everything"), "{none:?}");
}

/// What cannot be rolled back is not run again before somebody has looked.
#[test]
fn what_ended_outside_of_a_transaction_is_unclear() {
    let (shop, mut said) = (with_files(), Said::default());
    let index = "migrations/2026-11-23-000000_index";
    file(&shop, index, "CREATE UNIQUE INDEX CONCURRENTLY notes_body ON notes (body)");
    shop.write(&format!("{index}/metadata.toml"), "run_in_transaction = false\n");
    let only = ["--only", "main/t_1"];
    let run = |said: &mut Said, more: &[&str]| {
        let args = [&["migrate", "run", "--yes"], &only[..], more].concat();
        shop.run(said, As::Superuser, &args)
    };
    fs::rename(shop.path(index), shop.path("index")).unwrap();
    run(&mut said, &[]);
    fs::rename(shop.path("index"), shop.path(index)).unwrap();
    shop.sql("INSERT INTO t_1.notes (body) VALUES ('twice'), ('twice')");
    run(&mut said, &[]);
    shop.run(&mut said, As::Superuser, &["migrate", "status"]);
    shop.sql("DELETE FROM t_1.notes");
    run(&mut said, &[]);
    shop.sql("DROP INDEX t_1.notes_body");
    run(&mut said, &["--retry-unclear"]);
    said.is("migrate_unclear");
    let valid =
        "SELECT bool_and(indisvalid) FROM pg_index WHERE indexrelid = 't_1.notes_body'::regclass";
    assert_eq!(shop.value(valid), "true");
}

/// A connection that is lost is its place's failure, and the next run goes on.
#[test]
fn a_server_that_vanishes_fails_the_places_under_way() {
    let shop = with_files();
    let proxy = shop.db.proxy_blocking().unwrap();
    let holder = holding(&shop, "CREATE TABLE t_1.notes ()");
    let args = ["migrate", "run", "--yes", "--only", "main/t_1"];
    let mut command = shop.command(As::Nobody, &args);
    command.env("DATABASE_URL", format!("{}?sslmode=disable", proxy.superuser_url()));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_blocked(&shop, "tenant migrations");
    proxy.cut();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("failed") && text.contains("run it again"), "{output:?}");
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
    let again = shop.command(As::Superuser, &args).output().unwrap();
    assert!(again.status.success(), "{again:?}");
}

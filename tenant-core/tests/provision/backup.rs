use std::process::Command;

use tenant_core::{Backup, DatabaseAddress, Placement, SqlSession};
use tenant_testkit::TestDatabase;

use crate::fixture::{World, assert_same_dump, program};

/// Runs it with the server's own programs; `false` where those are older than the server.
fn ran(command: &Command) -> bool {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut here = Command::new(program(&name));
    here.args(command.get_args());
    here.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let out = here.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    let older = said.contains("server version mismatch");
    assert!(out.status.success() || older, "{said}");
    !older
}

#[tokio::test]
async fn a_schema_that_was_saved_and_dropped_comes_back() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    world
        .as_tenant(7, "acme", "INSERT INTO customers (name, email) VALUES ('a', 'a@x'), ('b', 'b@x'); INSERT INTO orders (customer, number) SELECT id, 1 FROM customers")
        .await
        .unwrap();
    let rows = "SELECT md5(string_agg(o::text, ',' ORDER BY o.id)) FROM acme.orders o";
    let before = world.one(rows).await;
    let dump = world.dumped("acme");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.dump");
    let address = DatabaseAddress::new(world.database.superuser_url());
    let place = Placement::schema(Placement::MAIN, "acme").unwrap();
    let backup = Backup::of(&address, &place).unwrap();
    if !ran(&backup.dump(&file)) {
        return;
    }
    world.batch("DROP SCHEMA acme CASCADE").await;
    assert!(ran(&backup.restore(&file)));
    world.isolation.apply_schema(world.database.session(), "acme").await.unwrap();
    assert_eq!(world.one(rows).await, before);
    assert_same_dump(&dump.unwrap(), &world.dumped("acme").unwrap());
    // What goes on, goes on from where it was.
    world.as_tenant(7, "acme", "INSERT INTO customers (name) VALUES ('c')").await.unwrap();
}

#[tokio::test]
async fn a_restore_over_a_schema_that_is_there_changes_nothing() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.dump");
    let address = DatabaseAddress::new(world.database.superuser_url());
    let backup =
        Backup::of(&address, &Placement::schema(Placement::MAIN, "acme").unwrap()).unwrap();
    if !ran(&backup.dump(&file)) {
        return;
    }
    world.as_tenant(7, "acme", "INSERT INTO customers (name) VALUES ('a')").await.unwrap();
    let restore = backup.restore(&file);
    let out = Command::new(program("pg_restore")).args(restore.get_args()).output().unwrap();
    assert!(!out.status.success());
    assert_eq!(world.one("SELECT count(*) FROM acme.customers").await, "1");
}

#[tokio::test]
async fn a_database_comes_back_as_another_one() {
    let world = World::open().await;
    world.batch("INSERT INTO template.customers (name, tenant_id) VALUES ('a', 7)").await;
    let other = TestDatabase::create().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("whole.dump");
    let of = |database: &TestDatabase| {
        let address = DatabaseAddress::new(database.superuser_url());
        Backup::of(&address, &Placement::database(database.name()).unwrap()).unwrap()
    };
    if !ran(&of(&world.database).dump(&file)) {
        return;
    }
    assert!(ran(&of(&other).restore(&file)));
    world.isolation.apply(other.session()).await.unwrap();
    let found = world.isolation.diff(other.session()).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
    let rows = other.session().rows("SELECT name FROM template.customers", &[]).await.unwrap();
    assert_eq!(rows[0]["name"], "a");
}

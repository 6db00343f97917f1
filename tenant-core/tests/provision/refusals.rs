use tenant_core::Error;

use crate::fixture::World;

async fn refused(world: &World, schema: &str) -> String {
    match world.read(schema).await {
        Err(Error::Template { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_made_anew_is_named() {
    let world = World::open().await;
    for (sql, named) in [
        ("CREATE TYPE odd.mood AS ENUM ('a')", "type odd.mood"),
        ("CREATE FUNCTION odd.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function odd.f()"),
        ("CREATE TABLE odd.p (id int) PARTITION BY LIST (id)", "table odd.p"),
        ("CREATE TABLE odd.a (id int); CREATE TABLE odd.b () INHERITS (odd.a)", "table odd.b"),
        ("CREATE TABLE odd.t (id int); CREATE RULE r AS ON INSERT TO odd.t DO NOTHING", "rule r"),
        ("CREATE TABLE odd.t (id int); CREATE POLICY mine ON odd.t USING (true)", "policy mine"),
        ("CREATE COLLATION odd.c FROM \"C\"", "collation odd.c"),
        ("CREATE DOMAIN odd.d AS int", "type odd.d"),
        ("CREATE TYPE odd.c AS (a int)", "type odd.c"),
    ] {
        world.batch(&format!("CREATE SCHEMA odd; {sql}")).await;
        let why = refused(&world, "odd").await;
        assert!(why.contains(named), "{named}: {why}");
        world.batch("DROP SCHEMA odd CASCADE").await;
    }
}

#[tokio::test]
async fn a_schema_that_is_missing_or_shared_is_no_template() {
    let world = World::open().await;
    assert!(refused(&world, "nowhere").await.contains("no such schema"));
    assert!(refused(&world, "common").await.contains("shared table"));
}

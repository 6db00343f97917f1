//! A type per schema: what goes wrong, why it is refused, and why a shared one is right.

use tenant_core::SqlSession;
use tenant_diesel::prelude::*;

use crate::{
    app::{App, Mood},
    diesel_app::{Felt, schema::customers},
    world::{TABLES, World, schema},
};

const OWN_TYPE: &str =
    "CREATE TYPE mood AS ENUM ('happy', 'sad'); GRANT USAGE ON TYPE mood TO PUBLIC;";

#[tokio::test]
async fn a_schema_with_a_type_of_its_own_is_refused() {
    let world = World::open().await;
    let others = [
        OWN_TYPE,
        "CREATE DOMAIN email AS text;",
        "CREATE TYPE pair AS (a int, b int);",
        "CREATE TYPE floats AS RANGE (subtype = float8);",
    ];
    for (n, own) in others.into_iter().enumerate() {
        let name = format!("own_{n}");
        world.tables_in(&name, &format!("{own}{TABLES}")).await;
        let error = world.isolation().apply_schema(world.database.session(), &name).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("remember types by their names"), "{error}");
    }
}

/// The twin of the suite, in which one shared type serves all: with a type per schema, what the
/// drivers remember of one tenant's is wrong for the next. It fails, and shows nobody anything.
#[tokio::test]
async fn twin_with_a_type_per_schema_the_second_tenant_on_a_connection_fails() {
    let world = World::open().await;
    for name in ["acme", "globex"] {
        // The walls first, so that nothing refuses.
        world.schema(name).await;
        let sql = format!(
            "SET search_path = {name}; {OWN_TYPE} ALTER TABLE customers ALTER COLUMN mood TYPE {name}.mood USING mood::text::{name}.mood; SET search_path = public"
        );
        world.database.session().batch(&sql).await.unwrap();
    }
    let (a, b) = (schema(1, "acme").await, schema(2, "globex").await);
    let db = world.diesel().await;
    db.order(&a, "anna", Mood::Happy, 1).await;
    let mut tx = db.begin(&b).await.unwrap();
    let insert = diesel::insert_into(customers::table)
        .values((customers::name.eq("bert"), customers::mood.eq(Felt(Mood::Happy))));
    let error = insert.execute(&mut tx).await.unwrap_err();
    assert!(error.to_string().contains("is of type"), "{error}");
    drop(tx);
    // A connection of its own is right again.
    db.order(&b, "bert", Mood::Happy, 1).await;
    // SeaORM sends and reads enums as texts, so it does not notice.
    let orm = world.seaorm().await;
    for _ in 0..7 {
        assert_eq!(orm.customers(&a).await, [("anna".to_owned(), Mood::Happy)]);
        assert_eq!(orm.customers(&b).await, [("bert".to_owned(), Mood::Happy)]);
    }
    orm.order(&a, "adam", Mood::Sad, 1).await;
    orm.order(&b, "bea", Mood::Sad, 1).await;
}

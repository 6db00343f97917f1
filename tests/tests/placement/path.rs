//! A tenant with a schema of its own sees that one and the shared one, and falls through to no other.

use diesel_async::SimpleAsyncConnection as _;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sea_orm::EntityTrait;
use tenant_core::{Placement, SqlSession};
use tenant_diesel::{prelude::*, sql_query};

use crate::{
    diesel_app::schema::{customers, plans},
    seaorm_app,
    world::{TABLES, World, at, schema},
};

const ORDERS_ALONE: &str = "CREATE TABLE orders (id bigserial PRIMARY KEY, total bigint NOT NULL,
    customer_id bigint NOT NULL);";

/// Attack (rows): a table that is missing in the tenant's schema and is there in `public`.
#[tokio::test]
async fn a_missing_table_is_an_error_and_never_that_of_public() {
    let world = World::open().await;
    world.tables_in("acme", ORDERS_ALONE).await;
    world.customer("public", 1, "in public").await;
    let scope = schema(1, "acme").await;
    let mut tx = world.diesel().await.begin(&scope).await.unwrap();
    let missing = customers::table.count().get_result::<i64>(&mut tx).await.unwrap_err();
    assert!(missing.to_string().contains(r#"relation "customers" does not exist"#), "{missing}");
    let tx = world.seaorm().await.begin(&scope).await.unwrap();
    let missing = seaorm_app::customer::Entity::find().all(&tx).await.unwrap_err();
    assert!(missing.to_string().contains(r#"relation "customers" does not exist"#), "{missing}");
}

#[tokio::test]
async fn twin_with_public_on_the_path_it_falls_through() {
    let world = World::open().await;
    world.tables_in("acme", ORDERS_ALONE).await;
    world.customer("public", 1, "in public").await;
    let mut tx = world.diesel().await.begin(&schema(1, "acme").await).await.unwrap();
    let path = "SET LOCAL search_path = acme, public, common, pg_temp";
    tx.raw_unchecked("what a path with public would do").batch_execute(path).await.unwrap();
    assert_eq!(customers::table.count().get_result::<i64>(&mut tx).await.unwrap(), 1);
}

#[tokio::test]
async fn a_schema_that_is_not_there_opens_nothing() {
    let world = World::open().await;
    let scope = schema(1, "nowhere").await;
    let error = world.diesel().await.begin(&scope).await.unwrap_err();
    assert!(error.to_string().contains(r#"schema "nowhere" does not exist"#), "{error}");
    let error = world.seaorm().await.begin(&scope).await.unwrap_err();
    assert!(error.to_string().contains(r#"schema "nowhere" does not exist"#), "{error}");
}

/// Attack (rows): another tenant's schema by its name, in raw SQL, and rows of another tenant that got
/// into one's own.
#[tokio::test]
async fn row_security_holds_in_a_schema_too() {
    let world = World::open().await;
    for (id, name) in [(1, "acme"), (2, "globex")] {
        world.schema(name).await;
        world.customer(name, id, name).await;
    }
    world.customer("acme", 2, "astray").await;
    let mut tx = world.diesel().await.begin(&schema(1, "acme").await).await.unwrap();
    let mut raw = tx.raw_unchecked("the test's attack");
    let sees = |table: &str, n: u32| {
        format!("DO $$ BEGIN ASSERT (SELECT count(*) FROM {table}) = {n}; END $$")
    };
    raw.batch_execute(&sees("customers", 1)).await.unwrap();
    raw.batch_execute(&sees("globex.customers", 0)).await.unwrap();
    raw.batch_execute("SAVEPOINT s").await.unwrap();
    let write = "INSERT INTO globex.customers (tenant_id, name, mood) \
                 VALUES ('00000000-0000-0000-0000-000000000002', 'x', 'sad')";
    assert!(raw.batch_execute(write).await.is_err());
    drop(tx);
    let off = "ALTER TABLE acme.customers DISABLE ROW LEVEL SECURITY";
    world.database.session().batch(off).await.unwrap();
    let mut twin = world.diesel().await.begin(&schema(1, "acme").await).await.unwrap();
    assert_eq!(customers::table.count().get_result::<i64>(&mut twin).await.unwrap(), 2);
}

#[tokio::test]
async fn the_path_that_a_nested_transaction_changed_is_set_again() {
    let world = World::open().await;
    world.schema("acme").await;
    let db = world.diesel().await;
    let mut tx = db.begin(&schema(1, "acme").await).await.unwrap();
    tx.transaction(async |tx| {
        let away = "SET LOCAL search_path = public, common";
        tx.raw_unchecked("the test").batch_execute(away).await
    })
    .await
    .unwrap();
    let here = "DO $$ BEGIN ASSERT current_schema() = 'acme'; END $$";
    tx.raw_unchecked("the test").batch_execute(here).await.unwrap();
}

#[tokio::test]
async fn what_a_tenant_in_a_schema_leaves_behind_does_not_reach_the_next_one() {
    let world = World::open().await;
    world.schema("acme").await;
    let db = world.diesel().await;
    let tx = db.begin(&schema(1, "acme").await).await.unwrap();
    tx.commit().await.unwrap();
    let mut next = db.begin(&crate::world::shared(2).await).await.unwrap();
    let here = "SELECT current_schema()::text AS name";
    let found: Found = sql_query(here).get_result(&mut next).await.unwrap();
    assert_eq!(found.name, "public");
    next.commit().await.unwrap();
    let mut none = db.shared().await.unwrap();
    assert_eq!(plans::table.count().get_result::<i64>(&mut none).await.unwrap(), 2);
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Attack (rows): a schema's name that would end its quotes.
#[tokio::test]
async fn whatever_a_schema_is_called_it_is_that_schema() {
    let world = World::open().await;
    let db = world.diesel().await;
    let orm = world.seaorm().await;
    let mut runner = TestRunner::new(Config::default());
    let strategy = r#"(["'\\;,.$ A-Z]|--|public|pg_temp|\PC){1,12}"#;
    for _ in 0..40 {
        let name = strategy.new_tree(&mut runner).unwrap().current();
        if world.layout.tenant_schema(&name).is_err() || name.len() > 63 {
            continue;
        }
        let ident = tenant_core::quote_ident(&name).unwrap();
        let role = world.layout.roles().tenant().unwrap();
        let sql =
            format!("CREATE SCHEMA IF NOT EXISTS {ident}; GRANT USAGE ON SCHEMA {ident} TO {role}");
        world.database.session().batch(&sql).await.unwrap();
        let scope = schema(1, &name).await;
        let mut tx = db.begin(&scope).await.unwrap();
        let here = "SELECT current_schema()::text AS name";
        let found: Found = sql_query(here).get_result(&mut tx).await.unwrap();
        assert_eq!(found.name, name);
        tx.commit().await.unwrap();
        let tx = orm.begin(&scope).await.unwrap();
        let found = tx.raw(here, []).one().await.unwrap().unwrap();
        assert_eq!(found.try_get::<String>("", "name").unwrap(), name);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_pool_opens_nobody_who_lives_elsewhere_and_costs_no_trip_for_it() {
    let world = World::open().await;
    let proxy = world.database.proxy().await.unwrap();
    let url = proxy.url(world.layout.roles().login());
    let (diesel, seaorm) = (world.diesel_at(url.clone(), 1).await, world.seaorm_at(url, 1).await);
    proxy.reset();
    let places = [
        Placement::shared("eu-1").unwrap(),
        Placement::database("eu-1").unwrap(),
        Placement::Schema { database: "main".into(), schema: "common".into() },
        Placement::Schema { database: "main".into(), schema: "pg_temp".into() },
    ];
    for place in places {
        let scope = at(1, place.clone()).await;
        assert!(diesel.begin(&scope).await.is_err(), "{place}");
        assert!(seaorm.begin(&scope).await.is_err(), "{place}");
    }
    assert_eq!(proxy.round_trips(), 0, "{:#?}", proxy.messages());
}

#[tokio::test]
async fn a_schema_costs_no_round_trip_more_than_shared_tables() {
    let world = World::open().await;
    world.schema("acme").await;
    let proxy = world.database.proxy().await.unwrap();
    let url = proxy.url(world.layout.roles().login());
    let (diesel, seaorm) = (world.diesel_at(url.clone(), 1).await, world.seaorm_at(url, 1).await);
    for scope in [crate::world::shared(1).await, schema(1, "acme").await] {
        for statement_is_cached in [false, true] {
            proxy.reset();
            let mut tx = diesel.begin(&scope).await.unwrap();
            customers::table.count().get_result::<i64>(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
            if statement_is_cached {
                assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
            }
            proxy.reset();
            let tx = seaorm.begin(&scope).await.unwrap();
            seaorm_app::order::Entity::find().all(&tx).await.unwrap();
            tx.commit().await.unwrap();
            if statement_is_cached {
                assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
            }
        }
    }
}

#[tokio::test]
async fn a_pool_does_not_open_where_a_tenant_table_stands_in_the_shared_schema() {
    let world = World::open().await;
    let planted =
        TABLES.replace("TABLE ", "TABLE common.").replace(" mood mood", " mood common.mood");
    let planted = planted.replace("REFERENCES customers", "");
    world.database.session().batch(&planted).await.unwrap();
    let tenancy = &crate::diesel_app::TENANCY;
    let db = tenant_diesel::TenantDb::builder(tenancy).layout(world.layout.clone());
    let error = db.connect(world.login()).await.unwrap_err();
    assert!(error.to_string().contains("TEN237"), "{error}");
}

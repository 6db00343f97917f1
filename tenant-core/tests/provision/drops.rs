use tenant_core::{Error, NewTenant, Placement, TenantKey, Tenants};

use crate::fixture::World;

async fn drop(world: &World, schema: &str) -> Result<(), Error> {
    let session = world.database.session();
    let place = Placement::schema(Placement::MAIN, schema).unwrap();
    world.template().await.drop_schema(session, session, &place).await
}

#[tokio::test]
async fn an_empty_schema_goes_and_leaves_nothing() {
    let world = World::open().await;
    let installed = "SELECT string_agg(object, ' ' ORDER BY object) FROM tenancy.installed";
    let (schemas, before) = (world.schemas().await, world.one(installed).await);
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    drop(&world, "acme").await.unwrap();
    assert_eq!(world.schemas().await, schemas);
    assert_eq!(world.one(installed).await, before);
}

#[tokio::test]
async fn rows_keep_a_schema_in_declared_tables_and_in_others() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    for (insert, delete) in [
        (
            "INSERT INTO acme.customers (name, tenant_id) VALUES ('a', 7)",
            "DELETE FROM acme.customers",
        ),
        ("INSERT INTO acme.scratch VALUES (1)", "DELETE FROM acme.scratch"),
    ] {
        world.batch(insert).await;
        let refused = drop(&world, "acme").await.unwrap_err().to_string();
        assert!(refused.contains("there are rows in"), "{refused}");
        world.batch(delete).await;
    }
    drop(&world, "acme").await.unwrap();
}

#[tokio::test]
async fn a_schema_in_which_a_tenant_lives_stays_and_so_does_one_that_is_no_tenants() {
    let world = World::open().await;
    let session = world.database.session();
    world.template().await.create(session, "acme").await.unwrap();
    let place = Placement::schema(Placement::MAIN, "acme").unwrap();
    let new = NewTenant::new("acme", "Acme").id(7).placement(place);
    Tenants::new(session, TenantKey::Bigint, "alice").create(new).await.unwrap();
    let refused = drop(&world, "acme").await.unwrap_err();
    assert!(matches!(refused, Error::InvalidPlacement { .. }), "{refused}");
    for other in ["information", "common", "template"] {
        let refused = drop(&world, other).await.unwrap_err();
        assert!(matches!(refused, Error::Template { .. }), "{refused}");
    }
    assert!(world.schemas().await.contains("acme"));
}

#[tokio::test]
async fn what_hangs_on_it_from_outside_keeps_it() {
    let world = World::open().await;
    world.template().await.create(world.database.session(), "acme").await.unwrap();
    world.batch("CREATE VIEW public.theirs AS SELECT id FROM acme.orders").await;
    assert!(matches!(drop(&world, "acme").await, Err(Error::Session { .. })));
    world.batch("DROP VIEW public.theirs").await;
    drop(&world, "acme").await.unwrap();
}

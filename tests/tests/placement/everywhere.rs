//! One suite of the application's functions, in every placement, through both ORMs.

use tenant_core::{TenantScope, Verified};

use crate::{
    app::{App, Mood},
    world::{World, schema, shared},
};

/// Two tenants use the application in turns, and each sees what is its own.
pub(crate) async fn suite(app: &impl App, a: &TenantScope<Verified>, b: &TenantScope<Verified>) {
    let first = app.order(a, "anna", Mood::Happy, 10).await;
    app.order(b, "bert", Mood::Happy, 100).await;
    app.order(a, "adam", Mood::Sad, 20).await;
    assert_eq!(
        app.customers(a).await,
        [("anna".to_owned(), Mood::Happy), ("adam".to_owned(), Mood::Sad)]
    );
    assert_eq!(app.customers(b).await, [("bert".to_owned(), Mood::Happy)]);
    assert_eq!(app.raise(b, 1).await, 1);
    // Often enough for plans that are kept.
    for _ in 0..7 {
        assert_eq!(app.sum(a, Mood::Happy).await, 10);
        assert_eq!(app.sum(b, Mood::Happy).await, 101);
        assert_eq!((app.sum(a, Mood::Sad).await, app.sum(b, Mood::Sad).await), (20, 0));
    }
    app.nearly_remove(a, "anna").await;
    assert_eq!(app.customers(a).await.len(), 2);
    assert_eq!(app.plans(a).await, ["free", "pro"]);
    assert_eq!(app.plans(b).await, ["free", "pro"]);
    // Whoever has that number at another tenant is nobody here.
    assert!(first > 0);
    let refused = app.order_for(b, i64::MAX).await.unwrap_err();
    assert!(refused.contains("foreign key"), "{refused}");
}

#[tokio::test]
async fn shared_tables() {
    let world = World::open().await;
    suite(&world.diesel().await, &shared(1).await, &shared(2).await).await;
    suite(&world.seaorm().await, &shared(3).await, &shared(4).await).await;
}

#[tokio::test]
async fn schemas_of_their_own() {
    let world = World::open().await;
    let names = ["acme", "Globex \"Inc.\"", "c", "d"];
    for name in names {
        world.schema(name).await;
    }
    let [a, b, c, d] = names;
    suite(&world.diesel().await, &schema(1, a).await, &schema(2, b).await).await;
    suite(&world.seaorm().await, &schema(3, c).await, &schema(4, d).await).await;
    assert_eq!(world.count("public.customers").await, 0);
    assert_eq!(world.count("acme.customers").await, 2);
}

#[tokio::test]
async fn one_in_a_schema_and_one_in_the_shared_tables() {
    let world = World::open().await;
    world.schema("acme").await;
    world.schema("globex").await;
    suite(&world.diesel().await, &schema(1, "acme").await, &shared(2).await).await;
    suite(&world.seaorm().await, &shared(3).await, &schema(4, "globex").await).await;
    assert_eq!(world.count("public.customers").await, 3);
}

#[tokio::test]
async fn sealed_in_a_schema() {
    use tenant_core::{Binding, Isolation, Seal, SealKey, SealKeys};

    let world = World::open().await;
    let layout = world.layout.clone().binding(Binding::Sealed);
    let tenancy = &crate::diesel_app::TENANCY;
    world.database.install(&Isolation::new(tenancy, &layout).unwrap()).await.unwrap();
    world.schema("acme").await;
    world.schema("globex").await;
    let key = SealKey::new("k1", vec![7; 32]).unwrap();
    SealKeys::new(world.database.session()).add(&key).await.unwrap();
    let db = tenant_diesel::TenantDb::builder(tenancy).layout(layout).seal(Seal::new(key));
    let db = db.max_connections(1).connect(world.login()).await.unwrap();
    suite(&db, &schema(1, "acme").await, &schema(2, "globex").await).await;
}

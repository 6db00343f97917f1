//! What lint, probe, diff, quotas, export and erasure make of a tenant's own schema.

use tenant_core::{
    CheckIsolation, Erasure, Export, Import, Lint, NewTenant, Per, Placement, Quota, QuotaFor,
    Quotas, SqlSession, TableName, TenantKey, Tenants,
};
use tenant_diesel::prelude::*;
use uuid::Uuid;

use crate::{
    app::Mood,
    diesel_app::{Felt, TENANCY, schema::customers},
    world::{World, schema},
};

#[tokio::test]
async fn lint_and_diff_find_nothing_with_and_within_a_tenants_schema() {
    let world = World::open().await;
    let tenancy = &crate::diesel_app::TENANCY;
    let session = world.database.session();
    world.schema("acme").await;
    let own = world.layout.tenant_schema("acme").unwrap();
    for layout in [&world.layout, &own] {
        let report = Lint::new(tenancy).layout(layout).run(session).await.unwrap();
        assert!(report.findings.is_empty(), "{report}");
    }
    assert!(world.isolation().diff(session).await.unwrap().is_empty());
    assert!(world.isolation().plan(session).await.unwrap().is_empty());
    // Once more changes nothing.
    world.isolation().apply_schema(session, "acme").await.unwrap();
    // The twin: it looks into the schema that it was told.
    let off = "ALTER TABLE acme.customers DISABLE ROW LEVEL SECURITY";
    session.batch(off).await.unwrap();
    let report = Lint::new(tenancy).layout(&own).run(session).await.unwrap();
    assert!(report.findings.iter().any(|finding| finding.code == "TEN004"), "{report}");
}

#[tokio::test]
async fn a_pool_of_one_tenants_schema_is_attacked_as_any_other() {
    for world in [World::open().await, World::with_schema_roles().await] {
        world.schema("acme").await;
        let own = world.layout.tenant_schema("acme").unwrap();
        let db = tenant_diesel::TenantDb::builder(&crate::diesel_app::TENANCY).layout(own);
        let db = db.connect(world.login()).await.unwrap();
        let report = db.run_probe(&db.probe()).await.unwrap();
        assert!(report.findings.is_empty(), "{report}");
    }
}

/// A tenant of the registry, with a schema of its own and a customer in it.
async fn registered(world: &World, id: u128, name: &str) {
    world.schema(name).await;
    let admin = world.database.session_as(world.layout.roles().admin().unwrap());
    let new = NewTenant::new(name, name).id(Uuid::from_u128(id));
    let new = new.placement(Placement::schema(Placement::MAIN, name).unwrap());
    Tenants::new(&admin, TenantKey::Uuid, "test").create(new).await.unwrap();
    world.customer(name, id, name).await;
}

#[tokio::test]
async fn export_import_and_erasure_look_into_the_schema_that_they_are_told_and_refuse_another() {
    let world = World::open().await;
    registered(&world, 1, "acme").await;
    registered(&world, 2, "globex").await;
    let admin = world.database.session_as(world.layout.roles().admin().unwrap());
    let own = |name: &str| world.layout.tenant_schema(name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let id = |n: u128| Uuid::from_u128(n);
    let export = |n: u128| Export::new(&TENANCY, id(n), "test", "test");

    let refused = export(1).layout(&world.layout).to_folder(&admin, folder.path().join("no")).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("tenant_schema(\"acme\")"), "{refused}");
    let at = folder.path().join("acme");
    let made = export(1).layout(&own("acme")).to_folder(&admin, &at).await.unwrap();
    assert_eq!(made.tables.iter().map(|table| table.rows).sum::<u64>(), 1);

    let erase = |n: u128| Erasure::new(&TENANCY, id(n));
    let refused =
        erase(1).layout(&world.layout).run(&admin, "test", "test").await.unwrap_err().to_string();
    assert!(refused.contains("tenant_schema"), "{refused}");
    erase(2).layout(&own("globex")).run(&admin, "test", "test").await.unwrap();
    assert_eq!(
        (world.count("globex.customers").await, world.count("acme.customers").await),
        (0, 1)
    );

    world.database.session().batch("DELETE FROM acme.customers").await.unwrap();
    let import = || Import::new(&TENANCY, &at);
    let refused = import().layout(&world.layout).run(&admin, "test", "test").await.unwrap_err();
    assert!(refused.to_string().contains("no declared tenant table here"), "{refused}");
    import().layout(&own("acme")).run(&admin, "test", "test").await.unwrap();
    assert_eq!(world.count("acme.customers").await, 1);
    // Of a database that this session does not reach nothing is said, either.
    let away = "INSERT INTO tenancy.databases VALUES ('eu-1', NULL);
        UPDATE tenancy.tenants SET placement = 'database', database = 'eu-1', schema = NULL WHERE slug = 'acme'";
    world.database.session().batch(away).await.unwrap();
    let refused =
        erase(1).layout(&own("acme")).run(&admin, "test", "test").await.unwrap_err().to_string();
    assert!(refused.contains("lives in the database `eu-1`"), "{refused}");
}

#[tokio::test]
async fn a_quota_of_rows_counts_in_a_tenants_schema_as_in_the_shared_tables() {
    let world = World::open().await;
    let customers = TableName::new("customers").unwrap();
    let counting = world.isolation().row_quota(customers.clone()).unwrap();
    world.database.install(&counting).await.unwrap();
    registered(&world, 1, "acme").await;
    counting.apply_schema(world.database.session(), "acme").await.unwrap();
    // Another run of the whole leaves the schema's triggers.
    world.database.install(&counting).await.unwrap();
    let admin = world.database.session_as(world.layout.roles().admin().unwrap());
    let quotas = Quotas::new(&admin);
    let one = QuotaFor::Tenant(Uuid::from_u128(1).into());
    quotas.set(&Quota::rows(&customers), &one, 2, Per::Ever).await.unwrap();
    let db = world.diesel().await;
    let insert = async || {
        let mut tx = db.begin(&schema(1, "acme").await).await.unwrap();
        let new = (customers::name.eq("x"), customers::mood.eq(Felt(Mood::Sad)));
        let made = diesel::insert_into(customers::table).values(new).execute(&mut tx).await;
        match made {
            Ok(_) => tx.commit().await.unwrap(),
            Err(_) => tx.rollback().await.unwrap(),
        }
        made
    };
    // One was there when counting began.
    insert().await.unwrap();
    let refused = insert().await.unwrap_err();
    assert!(refused.to_string().contains("is used up"), "{refused}");
}

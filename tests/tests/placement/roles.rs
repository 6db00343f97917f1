//! A role for each tenant's own schema: whoever names another one has no right to look into it.

use diesel_async::SimpleAsyncConnection as _;
use sea_orm::EntityTrait;
use tenant_core::{Lint, SchemaTemplate, SqlSession};
use tenant_diesel::prelude::*;

use crate::{
    diesel_app::schema::{customers, plans},
    seaorm_app,
    world::{World, schema},
};

/// Two tenants with a schema each; what row security hides in the second one's is open.
async fn open_rows(world: &World) {
    for (id, name) in [(1, "acme"), (2, "globex")] {
        world.schema(name).await;
        world.customer(name, id, name).await;
    }
    let off = "ALTER TABLE globex.customers DISABLE ROW LEVEL SECURITY";
    world.database.session().batch(off).await.unwrap();
}

const THEIRS: &str = "DO $$ BEGIN ASSERT (SELECT count(*) FROM globex.customers) = 1; END $$";

/// What a tenant of `acme` is told of `globex`.
async fn of_theirs(world: &World) -> Result<(), String> {
    let mut tx = world.diesel().await.begin(&schema(1, "acme").await).await.unwrap();
    let mut raw = tx.raw_unchecked("the test's attack");
    raw.batch_execute(THEIRS).await.map_err(|error| error.to_string())
}

/// Attack (rows): another tenant's schema by its name, where row security was forgotten.
#[tokio::test]
async fn another_tenants_schema_is_not_looked_into() {
    let world = World::with_schema_roles().await;
    open_rows(&world).await;
    let refused = of_theirs(&world).await.unwrap_err();
    assert!(refused.contains("permission denied for schema globex"), "{refused}");
}

#[tokio::test]
async fn twin_with_one_role_for_all_tenants_it_is() {
    let world = World::open().await;
    open_rows(&world).await;
    of_theirs(&world).await.unwrap();
}

#[tokio::test]
async fn queries_of_both_adapters_are_as_they_were() {
    let world = World::with_schema_roles().await;
    world.schema("acme").await;
    world.customer("acme", 1, "acme").await;
    let scope = schema(1, "acme").await;
    let mut tx = world.diesel().await.begin(&scope).await.unwrap();
    assert_eq!(customers::table.count().get_result::<i64>(&mut tx).await.unwrap(), 1);
    assert_eq!(plans::table.count().get_result::<i64>(&mut tx).await.unwrap(), 2);
    tx.commit().await.unwrap();
    let tx = world.seaorm().await.begin(&scope).await.unwrap();
    let found = seaorm_app::customer::Entity::find().all(&tx).await.unwrap();
    assert_eq!(found[0].name, "acme");
    let free = seaorm_app::plan::Entity::find().all(&tx).await.unwrap();
    assert_eq!(free.len(), 2);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_installed_again_stays_and_is_as_it_should_be() {
    let world = World::with_schema_roles().await;
    world.schema("acme").await;
    world.schema("globex").await;
    let session = world.database.session();
    world.isolation().apply(session).await.unwrap();
    world.isolation().apply_schema(session, "acme").await.unwrap();
    let changed = world.isolation().diff(session).await.unwrap();
    assert!(changed.is_empty(), "{changed:?}");
    for layout in [world.layout.clone(), world.layout.tenant_schema("acme").unwrap()] {
        let lint = Lint::new(&crate::diesel_app::TENANCY).layout(&layout);
        let report = lint.run(session).await.unwrap();
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
    }
    // The pools' start-up check.
    world.diesel().await;
    world.seaorm().await;
}

#[tokio::test]
async fn schemas_from_before_are_given_theirs_and_the_others_right_goes() {
    let mut world = World::open().await;
    world.schema("acme").await;
    let prefix = world.database.name();
    let may = format!("SELECT has_schema_privilege('{prefix}_tenant', 'acme', 'USAGE') AS may");
    let session = world.database.session().clone();
    assert_eq!(session.rows(&may, &[]).await.unwrap()[0]["may"], true);
    world.layout = world.layout.clone().schema_roles();
    world.isolation().apply_schema(&session, "acme").await.unwrap();
    assert_eq!(session.rows(&may, &[]).await.unwrap()[0]["may"], false);
    world.diesel().await.begin(&schema(1, "acme").await).await.unwrap();
}

#[tokio::test]
async fn a_role_that_was_there_before_and_may_do_more_is_refused() {
    let world = World::with_schema_roles().await;
    let session = world.database.session();
    world.tables_in("acme", crate::world::TABLES).await;
    let role = format!("{}_in_acme", world.database.name());
    for (before, after) in [
        (format!("CREATE ROLE {role} BYPASSRLS"), format!("ALTER ROLE {role} NOBYPASSRLS")),
        (
            format!("GRANT pg_read_all_data TO {role}"),
            format!("REVOKE pg_read_all_data FROM {role}"),
        ),
        (format!("ALTER ROLE {role} LOGIN"), format!("ALTER ROLE {role} NOLOGIN")),
    ] {
        session.batch(&before).await.unwrap();
        let refused = world.isolation().apply_schema(session, "acme").await.unwrap_err();
        assert!(refused.to_string().contains("was there before"), "{refused}");
        session.batch(&after).await.unwrap();
    }
    world.isolation().apply_schema(session, "acme").await.unwrap();
    let long = "x".repeat(63);
    assert!(world.layout.tenant_schema(&long).is_err(), "its role would be cut");
}

#[tokio::test]
async fn a_spares_role_goes_along_and_a_dropped_schemas_goes() {
    let world = World::with_schema_roles().await;
    let session = world.database.session();
    world.tables_in("template", crate::world::TABLES).await;
    let template = SchemaTemplate::read(session, &world.isolation(), "template").await.unwrap();
    let roles = format!(
        "SELECT coalesce(string_agg(rolname, ' '), '') AS roles FROM pg_roles \
         WHERE starts_with(rolname, '{}_in_')",
        world.database.name()
    );
    let roles = async || session.rows(&roles, &[]).await.unwrap()[0]["roles"].clone();
    template.add_spares(session, 1).await.unwrap();
    template.take_spare(session, "acme").await.unwrap();
    assert_eq!(roles().await, format!("{}_in_acme", world.database.name()));
    world.diesel().await.begin(&schema(1, "acme").await).await.unwrap();
    let place = tenant_core::Placement::schema("main", "acme").unwrap();
    template.drop_schema(session, session, &place).await.unwrap();
    assert_eq!(roles().await, "");
}

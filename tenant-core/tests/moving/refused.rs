//! What is refused before anything is written.

use tenant_core::{MoveError, MoveSessions, NewTenant, Placement, TenantKey, Tenants};

use crate::fixture::{Shop, schema};

/// It is refused, and nothing was written.
async fn refused(shop: &Shop, to: &Placement) -> MoveError {
    let (one, before) = (shop.checksum("public", 1).await, shop.checksum("acme", 1).await);
    let error = loop {
        match shop.moved(to).await {
            // The connections of the one before are not gone yet.
            Err(MoveError::Busy(_)) => tokio::task::yield_now().await,
            result => break result.unwrap_err(),
        }
    };
    assert_eq!((shop.checksum("public", 1).await, shop.checksum("acme", 1).await), (one, before));
    assert_eq!((shop.told().await, shop.home().await), (String::new(), "shared main".to_owned()));
    shop.assert_settled().await;
    error
}

#[tokio::test]
async fn places_that_cannot_be() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let there = refused(&shop, &Placement::default()).await;
    assert!(matches!(there, MoveError::AlreadyThere { .. }), "{there}");
    let unknown = refused(&shop, &Placement::shared("nowhere").unwrap()).await;
    assert!(unknown.to_string().contains("add_database"), "{unknown}");
    let taken = NewTenant::new("acme", "Acme").id(4).placement(schema("acme"));
    Tenants::new(&admin, TenantKey::Bigint, "alice").create(taken).await.unwrap();
    let taken = refused(&shop, &schema("acme")).await;
    assert!(taken.to_string().contains("another tenant"), "{taken}");
    let missing = refused(&shop, &schema("nowhere")).await;
    assert!(matches!(missing, MoveError::Core(_)), "{missing}");
    let public = refused(&shop, &schema("public")).await;
    assert!(matches!(public, MoveError::Core(_)), "{public}");
}

#[tokio::test]
async fn another_region() {
    let (shop, other) = (Shop::open().await, Shop::empty().await);
    shop.add_database("us-1", Some("us")).await;
    shop.run("INSERT INTO tenancy.databases VALUES ('eu-1', 'eu') ON CONFLICT DO NOTHING; UPDATE tenancy.databases SET region = 'eu' WHERE name = 'main'").await;
    shop.run("UPDATE tenancy.tenants SET region = 'eu' WHERE id = 1").await;
    let (main, us) = (shop.admin(), other.admin());
    let run = async |to: &str| {
        let place = Placement::shared(to).unwrap();
        let sessions = MoveSessions { registry: &main, source: &main, target: &us };
        shop.a_move(&place).run(sessions, "alice", "a test").await
    };
    let region = run("us-1").await.unwrap_err();
    assert!(region.to_string().contains("region"), "{region}");
    assert_eq!(other.count("public", 1).await, 0);
    run("eu-1").await.unwrap();
}

#[tokio::test]
async fn sessions_of_the_wrong_databases() {
    let (shop, other) = (Shop::open().await, Shop::empty().await);
    shop.add_database("eu-1", None).await;
    let (main, eu) = (shop.admin(), other.admin());
    let place = Placement::shared("eu-1").unwrap();
    for (registry, source, target) in
        [(&main, &main, &main), (&main, &eu, &main), (&main, &eu, &eu)]
    {
        let sessions = MoveSessions { registry, source, target };
        let wrong = shop.a_move(&place).run(sessions, "alice", "a test").await;
        assert!(matches!(wrong, Err(MoveError::Sessions { .. })), "{wrong:?}");
    }
    assert_eq!((shop.told().await, other.count("public", 1).await), (String::new(), 0));
}

#[tokio::test]
async fn tenants_that_must_not_leave() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = Tenants::new(&admin, TenantKey::Bigint, "alice");
    tenants.legal_hold(&1.into(), "a court").await.unwrap();
    let held = refused(&shop, &schema("acme")).await;
    assert!(matches!(held, MoveError::LegalHold { .. }), "{held}");
    tenants.release(&1.into(), "the court again").await.unwrap();
    shop.run("UPDATE tenancy.tenants SET status = 'deleted' WHERE id = 1").await;
    let deleted = refused(&shop, &schema("acme")).await;
    assert!(matches!(deleted, MoveError::Status { .. }), "{deleted}");
    shop.run("UPDATE tenancy.tenants SET status = 'active' WHERE id = 1").await;
    shop.moved(&schema("acme")).await.unwrap();
}

#[tokio::test]
async fn tables_that_differ() {
    let shop = Shop::open().await;
    for (change, back, says) in [
        (
            "ALTER TABLE acme.orders ADD COLUMN more int",
            "ALTER TABLE acme.orders DROP COLUMN more",
            "more",
        ),
        (
            "ALTER TABLE public.orders ADD COLUMN less int",
            "ALTER TABLE public.orders DROP COLUMN less",
            "less",
        ),
        (
            "ALTER TABLE acme.orders ALTER total TYPE bigint",
            "ALTER TABLE acme.orders ALTER total TYPE numeric",
            "bigint",
        ),
        (
            "ALTER TABLE acme.tags RENAME TO labels",
            "ALTER TABLE acme.labels RENAME TO tags",
            "tags",
        ),
        (
            "ALTER TABLE acme.tags DROP CONSTRAINT tags_tenant_id_name_key",
            "ALTER TABLE acme.tags ADD UNIQUE (tenant_id, name)",
            "key",
        ),
    ] {
        shop.run(change).await;
        let error = shop.moved(&schema("acme")).await.unwrap_err();
        assert!(error.to_string().contains(says), "{change}: {error}");
        shop.assert_settled().await;
        shop.run(back).await;
    }
    for schema in ["public", "acme"] {
        shop.run(&format!("ALTER TABLE {schema}.tags DROP CONSTRAINT tags_tenant_id_name_key"))
            .await;
    }
    let keyless = refused(&shop, &schema("acme")).await;
    assert!(matches!(&keyless, MoveError::NoKey(tables) if tables.len() == 2), "{keyless}");
}

#[tokio::test]
async fn walls_that_are_missing_and_rows_that_are_there() {
    let shop = Shop::open().await;
    shop.run("ALTER TABLE acme.tags NO FORCE ROW LEVEL SECURITY").await;
    let open = refused(&shop, &schema("acme")).await;
    assert!(matches!(&open, MoveError::Unwalled(tables) if tables == &["acme.tags"]), "{open}");
    shop.run("ALTER TABLE acme.tags FORCE ROW LEVEL SECURITY").await;
    shop.run("CREATE TABLE public.events_late PARTITION OF public.events FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')").await;
    let strange = refused(&shop, &schema("acme")).await;
    assert!(matches!(strange, MoveError::NotOwned(_)), "{strange}");
    shop.database.install(&shop.isolation()).await.unwrap();
    // Of another tenant, in a place that is for one.
    shop.run("INSERT INTO acme.settings VALUES (2, 'x')").await;
    let rows = refused(&shop, &schema("acme")).await;
    assert!(matches!(rows, MoveError::NotEmpty { .. }), "{rows}");
    shop.run("DELETE FROM acme.settings").await;
    // Of the tenant, in a table that nobody has declared: nothing would erase it.
    shop.run("CREATE TABLE public.notes (tenant_id bigint); INSERT INTO public.notes VALUES (1)")
        .await;
    let undeclared = refused(&shop, &schema("acme")).await;
    assert!(matches!(undeclared, MoveError::Erasure { .. }), "{undeclared}");
    shop.run("DROP TABLE public.notes").await;
    shop.moved(&schema("acme")).await.unwrap();
}

#[tokio::test]
async fn while_a_tenant_moves_it_is_neither_erased_nor_placed() {
    use tenant_core::{Erasure, ErasureError, TenantsError};
    let shop = Shop::open().await;
    shop.run("INSERT INTO tenancy.moves SELECT 1, 'shared', 'main', NULL, 'schema', 'main', 'acme', 'begun', now(), NULL, NULL, NULL, 'a', 'b'").await;
    let admin = shop.admin();
    let erasure = Erasure::new(&crate::fixture::tenancy(), 1).layout(&shop.layout);
    let refused = erasure.run(&admin, "alice", "a test").await;
    assert!(matches!(refused, Err(ErasureError::Moving(_))), "{refused:?}");
    let tenants = Tenants::new(&admin, TenantKey::Bigint, "alice");
    tenants.start_maintenance(&1.into(), "a test").await.unwrap();
    let refused = tenants.place(&1.into(), &schema("acme"), "a test").await;
    assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    let other = shop.moved(&schema("elsewhere")).await;
    assert!(matches!(other, Err(MoveError::OtherMove { .. })), "{other:?}");
    shop.moved(&schema("acme")).await.unwrap();
}

//! Where tenants live, as the registry has it.

use tenant_core::{
    NewTenant, Placement, Principal, SqlRegistry, SqlSession, TenantId, TenantKey, TenantRegistry,
    TenantScope, Tenants, TenantsError,
};
use tenant_testkit::TestSession;

use crate::fixture::{Shop, tenancy};

fn tenants(session: &TestSession) -> Tenants<'_, TestSession> {
    Tenants::new(session, TenantKey::Bigint, "alice@support")
}

fn registry(shop: &Shop) -> SqlRegistry {
    SqlRegistry::new(shop.database.session_as(&shop.role("registry"))).key(TenantKey::Bigint)
}

fn new(id: i64) -> NewTenant {
    NewTenant::new(format!("t{id}"), "T").id(id)
}

/// A schema's name with all that a name can have.
const HOSTILE: &str = r#"O'Neil "x"; DROP SCHEMA public; --\ü"#;

#[tokio::test]
async fn a_tenant_that_nobody_placed_lives_in_the_shared_tables_of_the_main_database() {
    let shop = Shop::open().await;
    let plain = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (7, 'acme', 'Acme')";
    shop.database.session().batch(plain).await.unwrap();
    let made = tenants(&shop.admin()).create(new(8)).await.unwrap();
    assert_eq!(made.placement, Placement::default());
    for id in [7, 8] {
        let found = registry(&shop).find(&TenantId::from(id)).await.unwrap().unwrap();
        assert_eq!((found.placement, found.region), (Placement::default(), None));
    }
}

#[tokio::test]
async fn a_placement_is_written_read_and_carried_by_the_verified_scope() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    tenants.add_database("eu-1", Some("eu")).await.unwrap();
    let places = [
        Placement::shared("eu-1").unwrap(),
        Placement::schema("main", HOSTILE).unwrap(),
        Placement::schema("eu-1", HOSTILE).unwrap(),
        Placement::database("eu-1").unwrap(),
    ];
    for (id, place) in (1..).zip(places) {
        let made = tenants.create(new(id).placement(place.clone())).await.unwrap();
        assert_eq!(made.placement, place);
        let claim = TenantScope::claim(id, Principal::System("test".into()));
        let scope = claim.verify(&registry(&shop)).await.unwrap();
        assert_eq!(scope.record().placement, place);
        let slug = registry(&shop).find_by_slug(&format!("t{id}")).await.unwrap().unwrap();
        assert_eq!(slug.placement, place);
    }
}

#[tokio::test]
async fn a_region_is_kept_by_the_database_whoever_writes() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    tenants.add_database("eu-1", Some("eu")).await.unwrap();
    tenants.add_database("us-1", Some("us")).await.unwrap();
    tenants.add_database("unknown", None).await.unwrap();
    let at = |database: &str| Placement::shared(database).unwrap();
    for database in ["us-1", "unknown", "main"] {
        let refused = tenants.create(new(1).region("eu").placement(at(database))).await;
        assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{database}: {refused:?}");
    }
    let made = tenants.create(new(1).region("eu").placement(at("eu-1"))).await.unwrap();
    assert_eq!(made.region.as_deref(), Some("eu"));
    tenants.start_maintenance(&made.id, "a move").await.unwrap();
    let refused = tenants.place(&made.id, &at("us-1"), "a move").await;
    assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    let by_hand = "UPDATE tenancy.tenants SET database = 'us-1' WHERE id = 1";
    let refused = shop.database.session().batch(by_hand).await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("tenants_region_fkey"));
    // The database does not leave it, either.
    let refused = tenants.add_database("eu-1", Some("us")).await;
    assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    // The twin: without a region it goes anywhere.
    tenants.create(new(2).placement(at("us-1"))).await.unwrap();
}

#[tokio::test]
async fn a_tenant_is_placed_elsewhere_in_maintenance_alone_and_the_log_says_so() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    let id = tenants.create(new(1)).await.unwrap().id;
    let schema = Placement::schema("main", "acme").unwrap();
    let refused = tenants.place(&id, &schema, "a move").await;
    assert!(matches!(refused, Err(TenantsError::Status { .. })), "{refused:?}");
    tenants.start_maintenance(&id, "a move").await.unwrap();
    assert_eq!(tenants.place(&id, &schema, "a move").await.unwrap().placement, schema);
    let refused = tenants.place(&id, &schema, "a move").await;
    assert!(matches!(refused, Err(TenantsError::AlreadySo { .. })), "{refused:?}");
    let logged = "SELECT detail::json #>> '{to,kind}' FROM tenancy.audit ORDER BY id DESC LIMIT 1";
    assert_eq!(shop.one(logged).await, "schema");
}

#[tokio::test]
async fn nobody_gets_a_schema_or_a_database_that_is_anothers() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    tenants.add_database("eu-1", None).await.unwrap();
    let schema = Placement::schema("eu-1", "acme").unwrap();
    let silo = Placement::database("eu-1").unwrap();
    for (id, place) in [(1, schema), (3, silo)] {
        tenants.create(new(id).placement(place.clone())).await.unwrap();
        let refused = tenants.create(new(id + 1).placement(place)).await;
        assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    }
    let unknown = tenants.create(new(5).placement(Placement::shared("nowhere").unwrap())).await;
    assert!(matches!(unknown, Err(TenantsError::Placement { .. })), "{unknown:?}");
}

#[tokio::test]
async fn seeds_and_spares_stay_where_their_rows_are() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let schema = Placement::schema("main", "acme").unwrap();
    let seeded = tenants(&admin).seed("INSERT INTO customers (name) VALUES ('first')");
    let refused = seeded.create(new(1).placement(schema.clone())).await;
    assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    tenants(&admin).add_spares_with([TenantId::from(9)]).await.unwrap();
    tenants(&admin).add_database("eu-1", Some("eu")).await.unwrap();
    let taken = NewTenant::new("acme", "Acme");
    let refused = tenants(&admin).take_spare(taken.clone().placement(schema)).await;
    assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    let elsewhere = taken.clone().placement(Placement::shared("eu-1").unwrap());
    let refused = tenants(&admin).take_spare(elsewhere).await;
    assert!(matches!(refused, Err(TenantsError::NoSpare)), "{refused:?}");
    let refused = tenants(&admin).take_spare(taken.clone().region("eu")).await;
    assert!(matches!(refused, Err(TenantsError::Placement { .. })), "{refused:?}");
    tenants(&admin).take_spare(taken).await.unwrap();
}

/// An installation from before there were placements.
const BEFORE: &str = "
    DROP TABLE tenancy.databases CASCADE;
    ALTER TABLE tenancy.tenants DROP COLUMN placement CASCADE, DROP COLUMN database CASCADE, DROP COLUMN schema CASCADE, DROP COLUMN region CASCADE;
    UPDATE tenancy.installed SET value = 'before' WHERE object = 'schema tenancy and roles'";

#[tokio::test]
async fn an_installation_from_before_gets_them_and_keeps_its_tenants() {
    let shop = Shop::open().await;
    tenants(&shop.admin()).create(new(1)).await.unwrap();
    let session = shop.database.session();
    for by_plan in [false, true] {
        session.batch(BEFORE).await.unwrap();
        assert!(registry(&shop).find(&TenantId::from(1)).await.is_err());
        if by_plan {
            shop.isolation().plan(session).await.unwrap().run(session).await.unwrap();
        } else {
            session.batch(&shop.isolation().up()).await.unwrap();
        }
        let found = registry(&shop).find(&TenantId::from(1)).await.unwrap().unwrap();
        assert_eq!(found.placement, Placement::default());
        assert!(shop.isolation().diff(session).await.unwrap().is_empty());
        assert!(shop.isolation().plan(session).await.unwrap().is_empty());
    }
    assert_eq!(tenancy(TenantKey::Bigint).tenant_tables().len(), 2);
}

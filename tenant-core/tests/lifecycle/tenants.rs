use tenant_core::{
    AuditLog, Binding, Isolation, Layout, NewTenant, Principal, Seal, SealKey, SealKeys,
    SqlRegistry, SqlSession, TenantId, TenantKey, TenantScope, TenantStatus, Tenants, TenantsError,
    VerifyError,
};
use tenant_testkit::TestSession;

use crate::fixture::{Shop, as_role, tenancy};

const SEED: &str = "INSERT INTO customers (name) VALUES ('first'), ('second')";

fn tenants(session: &TestSession) -> Tenants<'_, TestSession> {
    Tenants::new(session, TenantKey::Bigint, "alice@support")
}

fn acme() -> NewTenant {
    NewTenant::new("acme", "Acme Inc.").id(7).plan("free").administrator("bob")
}

#[tokio::test]
async fn a_tenant_its_administrator_and_its_seeds_are_made_together() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let made = tenants(&admin).seed(SEED).create(acme().reason("signed up")).await.unwrap();
    assert_eq!((made.id, &*made.slug, &*made.name), (TenantId::from(7), "acme", "Acme Inc."));
    assert_eq!((made.status, made.plan.as_deref()), (TenantStatus::Active, Some("free")));
    assert_eq!(shop.one("SELECT string_agg(user_id, ',') FROM tenancy.members").await, "bob");
    let seeded = "SELECT string_agg(tenant_id || name, ',' ORDER BY id) FROM customers";
    assert_eq!(shop.one(seeded).await, "7first,7second");
    let log = AuditLog::new(&admin);
    let entries = log.entries(0, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].event.as_str(), entries[0].tenant.as_deref()), ("created", Some("7")));
    assert_eq!(entries[0].reason.as_deref(), Some("signed up"));
    log.verify(None).await.unwrap();
    let registry =
        SqlRegistry::new(shop.database.session_as(&shop.role("registry"))).key(TenantKey::Bigint);
    let claim = TenantScope::claim(TenantId::from(7), Principal::User("bob".into()));
    assert_eq!(claim.verify(&registry).await.unwrap().record().slug, "acme");
}

#[tokio::test]
async fn a_seed_that_fails_leaves_nothing() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let failed =
        tenants(&admin).seed(SEED).seed("INSERT INTO nowhere VALUES (1)").create(acme()).await;
    assert!(matches!(failed, Err(TenantsError::Seed { .. })), "{failed:?}");
    let ended = tenants(&admin).seed("ROLLBACK").create(acme()).await;
    assert!(matches!(ended, Err(TenantsError::Seed { .. })), "{ended:?}");
    for table in ["tenancy.tenants", "tenancy.members", "customers", "tenancy.audit"] {
        assert_eq!(shop.one(&format!("SELECT count(*) FROM {table}")).await, "0", "{table}");
    }
    // The twin: without the bad one it is made.
    tenants(&admin).seed(SEED).create(acme()).await.unwrap();
}

#[tokio::test]
async fn seeds_run_in_a_sealed_context_for_tenants_and_spares() {
    let shop = Shop::with(TenantKey::Bigint, Binding::Sealed).await;
    let key = SealKey::new("k1", vec![1; 32]).unwrap();
    SealKeys::new(shop.database.session()).add(&key).await.unwrap();
    let admin = shop.admin();
    let layout = Layout::new(shop.database.name()).unwrap().binding(Binding::Sealed);
    let sealed = tenants(&admin).layout(&layout).seal(Seal::new(key)).seed(SEED);
    sealed.create(acme()).await.unwrap();
    sealed.add_spares_with([TenantId::from(8)]).await.unwrap();
    let seeded = "SELECT string_agg(DISTINCT tenant_id::text, ',') FROM customers";
    assert_eq!(shop.one(seeded).await, "7,8");
    let unsealed = tenants(&admin).layout(&layout).seed(SEED);
    assert!(unsealed.create(NewTenant::new("b", "b").id(9)).await.is_err());
}

#[tokio::test]
async fn the_same_request_gives_the_same_tenant_and_another_one_is_refused() {
    let shop = Shop::with(TenantKey::Uuid, Binding::SetConfig).await;
    let sessions: Vec<_> = (0..6).map(|_| shop.admin()).collect();
    let new =
        || NewTenant::new("acme", "Acme Inc.").administrator("bob").idempotency_key("signup-1");
    let made = futures_util::future::join_all(sessions.iter().map(|session| async {
        Tenants::new(session, TenantKey::Uuid, "web").create(new()).await.unwrap()
    }))
    .await;
    assert!(made.iter().all(|each| *each == made[0]), "{made:?}");
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.tenants").await, "1");
    assert_eq!(AuditLog::new(&sessions[0]).entries(0, 10).await.unwrap().len(), 1);
    let tenants = Tenants::new(&sessions[0], TenantKey::Uuid, "web");
    // It is the request that counts, not what became of the tenant.
    tenants.rename(&made[0].id, "Acme AG", "moved").await.unwrap();
    assert_eq!(tenants.create(new()).await.unwrap().name, "Acme AG");
    let other = tenants.create(new().administrator("eve")).await;
    assert!(matches!(other, Err(TenantsError::KeyReused(_))), "{other:?}");
}

#[tokio::test]
async fn taken_slugs_and_ids_and_what_is_no_slug_are_told() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    tenants.create(acme()).await.unwrap();
    let slug = tenants.create(NewTenant::new("acme", "x").id(8)).await;
    assert!(matches!(slug, Err(TenantsError::SlugTaken(slug)) if slug == "acme"));
    let id = tenants.create(NewTenant::new("other", "x").id(7)).await;
    assert!(matches!(id, Err(TenantsError::IdTaken(_))), "{id:?}");
    let none = tenants.create(NewTenant::new("other", "x")).await;
    assert!(matches!(none, Err(TenantsError::Id { .. })), "{none:?}");
    let text =
        tenants.create(NewTenant::new("other", "x").id(TenantId::try_from("x").unwrap())).await;
    assert!(
        matches!(text, Err(TenantsError::Core(tenant_core::Error::WrongKey { .. }))),
        "{text:?}"
    );
    for slug in ["www", "Acme", "a b", ""] {
        let refused = tenants.create(NewTenant::new(slug, "x").id(8)).await;
        assert!(matches!(refused, Err(TenantsError::InvalidSlug { .. })), "{slug}: {refused:?}");
    }
    tenants.create(NewTenant::new("beta-2", "x").id(8)).await.unwrap();
    let slug = tenants.change_slug(&TenantId::from(8), "acme", "wants it").await;
    assert!(matches!(slug, Err(TenantsError::SlugTaken(_))), "{slug:?}");
    assert_eq!(shop.one("SELECT count(*) FROM tenancy.tenants").await, "2");
}

#[tokio::test]
async fn every_change_is_audited_and_one_that_makes_no_sense_is_refused() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    let id = tenants.create(acme()).await.unwrap().id;
    let why = "ticket 1";
    let status = |result: Result<tenant_core::TenantRecord, TenantsError>| result.unwrap().status;
    assert_eq!(status(tenants.start_maintenance(&id, why).await), TenantStatus::Maintenance);
    assert!(matches!(tenants.resume(&id, why).await, Err(TenantsError::Status { .. })));
    assert_eq!(status(tenants.suspend(&id, why).await), TenantStatus::Suspended);
    assert!(matches!(tenants.suspend(&id, why).await, Err(TenantsError::AlreadySo { .. })));
    // A tenant that was suspended meanwhile does not come back by the end of a maintenance.
    assert!(matches!(tenants.end_maintenance(&id, why).await, Err(TenantsError::Status { .. })));
    assert!(matches!(tenants.start_maintenance(&id, why).await, Err(TenantsError::Status { .. })));
    assert_eq!(status(tenants.resume(&id, why).await), TenantStatus::Active);
    assert_eq!(tenants.rename(&id, "Acme AG", why).await.unwrap().name, "Acme AG");
    assert_eq!(tenants.change_slug(&id, "acme-ag", why).await.unwrap().slug, "acme-ag");
    assert_eq!(
        tenants.change_plan(&id, Some("pro"), why).await.unwrap().plan.as_deref(),
        Some("pro")
    );
    assert_eq!(tenants.change_plan(&id, None, why).await.unwrap().plan, None);
    assert!(matches!(
        tenants.change_plan(&id, None, why).await,
        Err(TenantsError::AlreadySo { .. })
    ));
    assert_eq!(tenants.raise_epoch(&id, why).await.unwrap().epoch, 1);
    assert_eq!(tenants.raise_epoch(&id, why).await.unwrap().epoch, 2);
    tenants.add_member(&id, "carol", why).await.unwrap();
    assert!(matches!(
        tenants.add_member(&id, "carol", why).await,
        Err(TenantsError::AlreadySo { .. })
    ));
    tenants.remove_member(&id, "carol", why).await.unwrap();
    assert!(tenants.remove_member(&id, "carol", why).await.is_err());
    tenants.legal_hold(&id, "court order 12").await.unwrap();
    assert!(matches!(tenants.legal_hold(&id, why).await, Err(TenantsError::AlreadySo { .. })));
    assert_eq!(shop.one("SELECT legal_hold FROM tenancy.tenants").await, "court order 12");
    tenants.release(&id, why).await.unwrap();
    assert!(matches!(tenants.release(&id, why).await, Err(TenantsError::AlreadySo { .. })));
    let nobody = tenants.suspend(&TenantId::from(99), why).await;
    assert!(matches!(nobody, Err(TenantsError::Unknown(_))), "{nobody:?}");
    assert!(matches!(tenants.suspend(&id, " ").await, Err(TenantsError::Unaccountable { .. })));
    // One record of each that was done, and none of what was refused.
    let entries = AuditLog::new(&admin).entries(0, 100).await.unwrap();
    assert_eq!(entries.len(), 14, "{entries:#?}");
    assert!(entries.iter().all(|e| e.actor == "alice@support" && e.tenant.as_deref() == Some("7")));
    for event in ["suspended", "resumed", "changed"] {
        assert!(entries.iter().any(|e| e.event == event), "{event}: {entries:#?}");
    }
    // Personal data does not go where it cannot be erased.
    assert!(!format!("{entries:?}").contains("Acme AG"), "{entries:#?}");
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_by_the_registry() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let tenants = tenants(&admin);
    let id = tenants.create(acme()).await.unwrap().id;
    let registry =
        SqlRegistry::new(shop.database.session_as(&shop.role("registry"))).key(TenantKey::Bigint);
    let claim = || TenantScope::claim(TenantId::from(7), Principal::System("test".into()));
    claim().verify(&registry).await.unwrap();
    tenants.suspend(&id, "unpaid").await.unwrap();
    assert!(matches!(claim().verify(&registry).await, Err(VerifyError::Suspended(_))));
}

/// Attack (roles): making or changing tenants with another login than the admin's.
#[tokio::test]
async fn no_other_login_makes_tenants_or_touches_tombstones() {
    let shop = Shop::open().await;
    tenants(&shop.admin()).create(acme()).await.unwrap();
    shop.database
        .session()
        .batch("INSERT INTO tenancy.tombstones VALUES (5, now(), 'x')")
        .await
        .unwrap();
    let writes = [
        "INSERT INTO tenancy.tenants (id, slug, name) VALUES (9, 'x', 'x')",
        "UPDATE tenancy.tenants SET legal_hold = NULL",
        "DELETE FROM tenancy.tombstones",
        "UPDATE tenancy.tombstones SET tenant_id = 6",
    ];
    for write in writes {
        for role in ["login", "tenant", "shared", "registry", "analytics", "staff"] {
            assert!(as_role(&shop, role, write).await.is_err(), "{role}: {write}");
        }
    }
    for write in &writes[2..] {
        assert!(as_role(&shop, "admin", write).await.is_err(), "{write}");
    }
    as_role(&shop, "admin", writes[0]).await.unwrap();
}

#[tokio::test]
async fn the_id_of_a_tombstone_is_refused_to_every_role_until_the_owner_lifts_it() {
    let shop = Shop::open().await;
    shop.database
        .session()
        .batch("INSERT INTO tenancy.tombstones VALUES (7, now(), 'x')")
        .await
        .unwrap();
    let insert = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (7, 'acme', 'x')";
    for role in ["admin", "owner"] {
        let refused = as_role(&shop, role, insert).await.unwrap_err();
        assert_eq!(refused.constraint.as_deref(), Some("tenant_tombstone"), "{role}: {refused}");
    }
    assert!(shop.database.session().batch(insert).await.is_err(), "the superuser");
    let moved = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (8, 'acme', 'x'); \
                 UPDATE tenancy.tenants SET id = 7";
    assert!(as_role(&shop, "admin", moved).await.is_err());
    let admin = shop.admin();
    let refused = tenants(&admin).create(acme()).await;
    assert!(matches!(refused, Err(TenantsError::Tombstoned(_))), "{refused:?}");
    assert!(tenants(&admin).lift_tombstone(&TenantId::from(7), "restore").await.is_err());
    let owner = shop.database.session_as(&shop.role("owner"));
    tenants(&owner).lift_tombstone(&TenantId::from(7), "restore").await.unwrap();
    tenants(&admin).create(acme()).await.unwrap();
}

#[tokio::test]
async fn an_installation_from_before_gets_the_columns_and_keeps_its_tenants() {
    let shop = Shop::open().await;
    let before =
        "DROP TRIGGER tombstone ON tenancy.tenants; DROP FUNCTION tenancy.refuse_tombstoned();
        DROP TABLE tenancy.tombstones;
        ALTER TABLE tenancy.tenants DROP created_at, DROP legal_hold, DROP idempotency_key,
            DROP idempotency_content, DROP erasure;
        INSERT INTO tenancy.tenants (id, slug, name) VALUES (7, 'Acme_1', 'as it was')";
    shop.database.session().batch(before).await.unwrap();
    let layout = Layout::new(shop.database.name()).unwrap();
    let isolation = Isolation::new(&tenancy(TenantKey::Bigint), &layout).unwrap();
    shop.database.install(&isolation).await.unwrap();
    assert_eq!(isolation.diff(shop.database.session()).await.unwrap(), []);
    assert_eq!(shop.one("SELECT created_at FROM tenancy.tenants").await, "NULL");
    let admin = shop.admin();
    let tenants = tenants(&admin);
    // An existing slug that is no label stays.
    assert_eq!(tenants.rename(&TenantId::from(7), "x", "y").await.unwrap().slug, "Acme_1");
    tenants.create(NewTenant::new("beta-2", "x").id(8).idempotency_key("k")).await.unwrap();
}

/// Attack (watch): holding what a creation waits for, from a tenant's SQL.
#[tokio::test]
async fn no_lock_that_a_tenant_can_take_keeps_tenants_from_being_made() {
    let shop = Shop::open().await;
    let login = shop.database.session_as(&shop.role("login")).dedicated().await.unwrap();
    login.batch("BEGIN").await.unwrap();
    for key in ["tenancy.create signup", "signup", "tenancy"] {
        let lock = format!("SELECT pg_advisory_xact_lock(hashtextextended('{key}', 0))");
        login.batch(&lock).await.unwrap();
    }
    let admin = shop.admin();
    let made = tenants(&admin).create(acme().idempotency_key("signup")).await.unwrap();
    let again = tenants(&admin).create(acme().idempotency_key("signup")).await.unwrap();
    assert_eq!(made, again);
    let lock = "LOCK TABLE tenancy.tenants IN SHARE UPDATE EXCLUSIVE MODE";
    let refused = login.batch(lock).await.unwrap_err();
    assert_eq!(refused.sqlstate.as_deref(), Some("42501"), "{refused}");
}

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use tenant_core::{
    Binding, Erasure, JsonRow, NewTenant, Placement, Principal, SessionError, SqlRegistry,
    SqlSession, TenantKey, TenantScope, TenantStatus, Tenants, TenantsError, VerifyError,
};

use crate::fixture::{Shop, tenancy};

const SEED: &str = "INSERT INTO customers (name) VALUES ('first')";

#[tokio::test]
async fn of_twenty_takers_ten_get_a_spare_each_and_ten_are_told_that_there_is_none() {
    let shop = Shop::with(TenantKey::Uuid, Binding::SetConfig).await;
    let admin = shop.admin();
    let spares =
        Tenants::new(&admin, TenantKey::Uuid, "cron").seed(SEED).add_spares(10).await.unwrap();
    assert_eq!(shop.one("SELECT count(DISTINCT tenant_id) FROM customers").await, "10");
    let sessions: Vec<_> = (0..20).map(|_| shop.admin()).collect();
    let taken = sessions.iter().enumerate().map(|(at, session)| async move {
        let new = NewTenant::new(format!("tenant-{at}"), format!("Tenant {at}"))
            .administrator(format!("user-{at}"))
            .idempotency_key(format!("signup-{at}"));
        Tenants::new(session, TenantKey::Uuid, "web").take_spare(new).await
    });
    let taken = futures_util::future::join_all(taken).await;
    let got: BTreeSet<_> = taken.iter().flatten().map(|tenant| tenant.id.clone()).collect();
    assert_eq!(got, spares.into_iter().collect());
    assert_eq!(taken.iter().flatten().count(), 10);
    for refused in taken.iter().filter_map(|each| each.as_ref().err()) {
        assert!(matches!(refused, TenantsError::NoSpare), "{refused}");
    }
    assert!(taken.iter().flatten().all(|tenant| tenant.status == TenantStatus::Active));
    // Each has its own slug and administrator.
    let fits = "SELECT count(*) FROM tenancy.tenants t JOIN tenancy.members m ON m.tenant_id = t.id \
                WHERE replace(t.slug, 'tenant', 'user') = m.user_id";
    assert_eq!(shop.one(fits).await, "10");
}

#[tokio::test]
async fn a_request_that_is_repeated_takes_one_spare() {
    let shop = Shop::with(TenantKey::Uuid, Binding::SetConfig).await;
    let admin = shop.admin();
    let tenants = Tenants::new(&admin, TenantKey::Uuid, "web");
    tenants.add_spares(2).await.unwrap();
    let new = || NewTenant::new("acme", "Acme Inc.").idempotency_key("signup-1");
    let first = tenants.take_spare(new()).await.unwrap();
    assert_eq!(tenants.take_spare(new()).await.unwrap(), first);
    let taken = tenants.take_spare(NewTenant::new("acme", "x")).await;
    assert!(matches!(taken, Err(TenantsError::SlugTaken(_))), "{taken:?}");
    let left = "SELECT count(*) FROM tenancy.tenants WHERE status = 'spare'";
    assert_eq!(shop.one(left).await, "1");
}

#[tokio::test]
async fn a_spare_is_unknown_to_verify_and_cannot_be_changed() {
    let shop = Shop::with(TenantKey::Uuid, Binding::SetConfig).await;
    let admin = shop.admin();
    let tenants = Tenants::new(&admin, TenantKey::Uuid, "cron");
    let spare = tenants.add_spares(1).await.unwrap().remove(0);
    let registry =
        SqlRegistry::new(shop.database.session_as(&shop.role("registry"))).key(TenantKey::Uuid);
    let claim = || TenantScope::claim(spare.clone(), Principal::System("test".into()));
    assert!(matches!(claim().verify(&registry).await, Err(VerifyError::Unknown(_))));
    for refused in [
        tenants.suspend(&spare, "x").await.err(),
        tenants.rename(&spare, "x", "x").await.err(),
        tenants.legal_hold(&spare, "x").await.err(),
        tenants.add_member(&spare, "bob", "x").await.err(),
    ] {
        assert!(matches!(refused, Some(TenantsError::Status { .. })), "{refused:?}");
    }
    tenants.take_spare(NewTenant::new("acme", "Acme Inc.")).await.unwrap();
    claim().verify(&registry).await.unwrap();
}

/// A session whose connection stays open, as one does until the server notices that it was closed.
struct Open(Arc<dyn SqlSession>);

#[async_trait]
impl SqlSession for Open {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.0.batch(sql).await
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        self.0.rows(sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }
}

#[tokio::test]
async fn a_refused_change_holds_no_lock_when_it_is_told() {
    let shop = Shop::with(TenantKey::Uuid, Binding::SetConfig).await;
    let (admin, web) = (shop.admin(), shop.admin());
    let open = Open(admin.dedicated().await.unwrap().into());
    let tenants = Tenants::new(&open, TenantKey::Uuid, "cron");
    let spare = tenants.add_spares(1).await.unwrap().remove(0);
    let held = "SELECT count(*) FROM pg_locks WHERE relation = 'tenancy.tenants'::regclass";
    let place = Placement::database("elsewhere").unwrap();
    let new = |slug: &str| NewTenant::new(slug, "x").idempotency_key("signup-1");
    let acme = tenants.create(new("acme")).await.unwrap().id;
    assert_eq!(tenants.create(new("acme")).await.unwrap().id, acme);
    assert_eq!(shop.one(held).await, "0", "create, asked again");
    for (what, refused) in [
        ("suspend", tenants.suspend(&spare, "x").await.err()),
        ("member", tenants.add_member(&spare, "bob", "x").await.err()),
        ("place", tenants.place(&spare, &place, "x").await.err()),
        ("create", tenants.create(new("globex")).await.err()),
        ("spare", tenants.take_spare(new("globex")).await.err()),
    ] {
        assert!(refused.is_some(), "{what}");
        assert_eq!(shop.one(held).await, "0", "{what}");
    }
    tenants.legal_hold(&acme, "x").await.unwrap();
    let erasure = Erasure::new(&tenancy(TenantKey::Uuid), acme);
    erasure.run(&open, "cron", "x").await.unwrap_err();
    assert_eq!(shop.one(held).await, "0", "erase");
    let tenants = Tenants::new(&web, TenantKey::Uuid, "web");
    assert_eq!(tenants.take_spare(NewTenant::new("initech", "x")).await.unwrap().id, spare);
}

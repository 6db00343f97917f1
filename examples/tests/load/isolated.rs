//! `invoices-api` under load.

use std::{sync::Arc, time::Duration};

use tenant_core::{Per, Quota, QuotaFor, Quotas, SealKey, TableName};
use tenant_examples::chinook::Chinook;

use crate::{
    afterwards,
    books::Books,
    generator::{Load, Until},
    meanwhile::meanwhile,
    service::{Orm, Service},
};

const KEY: &str = "6b1d0c5f0d5e4f3c9a7e2b8d4c6f1a3e5d7b9c0e2f4a6b8d1c3e5f7a9b0d2c4e";

/// The shop, with a quota that the load does not reach.
pub(crate) async fn shop() -> Chinook {
    let shop = Chinook::create_sealed(&SealKey::from_hex("k1", KEY).unwrap()).await.unwrap();
    shop.customers_are_members().await.unwrap();
    let rows = Quota::rows(&TableName::new("invoice").unwrap());
    let quotas = Quotas::new(shop.database.session());
    quotas.set(&rows, &QuotaFor::Everybody, 1_000_000, Per::Ever).await.unwrap();
    shop
}

pub(crate) fn service(shop: &Chinook, orm: Orm) -> Service {
    let (login, registry, admin) = (shop.login_url(), shop.registry_url(), shop.admin_url());
    let environment = [
        ("LOGIN_URL", login.as_str()),
        ("REGISTRY_URL", &registry),
        ("ADMIN_URL", &admin),
        ("TENANT_SEAL_KEY", KEY),
    ];
    Service::start(env!("CARGO_BIN_EXE_invoices-api"), orm, &[], &environment)
}

/// So many requests; a change of a tenant's standing must be heard everywhere within `patience`.
pub(crate) async fn stand(orm: Orm, requests: u64, patience: Duration) {
    let shop = shop().await;
    let books = Arc::new(Books::open(&shop, patience).await);
    let service = service(&shop, orm);
    let before = afterwards::connections(&shop).await;

    let load = Load::new(&books, &service.at, true, 10).await;
    let users = Arc::clone(&load.users);
    let (paused, gone) = (3, 17);
    let (told, ()) = tokio::join!(
        load.run(Until::Requests(requests)),
        meanwhile(&books, &service.admin_at, requests, paused, gone)
    );

    afterwards::settled(&books, &shop, &before, Duration::from_secs(20)).await;
    afterwards::rows(&books, &shop).await;
    afterwards::erased(&books, &shop, gone).await;
    for (tenant, user) in users.iter().enumerate() {
        user.get("/revenue", if tenant == gone { 404 } else { 200 }).await.unwrap();
    }
    books.clean();
    let kinds = books.told.lock().unwrap().clone();
    println!("{} through {}: {told:?}, {kinds:?}", books.tenants.len(), orm.name());
    for kind in [
        "list",
        "one",
        "revenue",
        "write",
        "foreign invoice",
        "foreign customer",
        "suspended",
        "erased",
        "hung up",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} among {kinds:?}");
    }
}

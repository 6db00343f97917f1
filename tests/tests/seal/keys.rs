//! Keys come and go while the application runs.

use diesel_async::SimpleAsyncConnection;
use tenant_core::{Error, Isolation, Layout, Seal, SealKeys, SqlSession};

use crate::fixture::{ADAPTERS, SEES_ITS_OWN, Shop, Wall, key, plain, runs, scope, tenancy};

#[tokio::test]
async fn two_keys_live_while_one_replaces_the_other() {
    let shop = Shop::open(Wall::Sealed).await;
    let keys = SealKeys::new(shop.database.session());
    keys.add(&key("k2", 8)).await.unwrap();
    let (old, new) = (shop.pools().await, shop.pools_with(Seal::new(key("k2", 8))).await);
    for adapter in ADAPTERS {
        runs(&old, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
        runs(&new, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
    }
    let names: Vec<_> = keys.list().await.unwrap().into_iter().map(|k| k.name).collect();
    assert_eq!(names, ["k1", "k2"]);
    keys.retire("k1").await.unwrap();
    for adapter in ADAPTERS {
        let error = runs(&old, adapter, 1, &[SEES_ITS_OWN]).await.unwrap_err();
        assert!(error.contains("not signed with a key that the database knows"), "{error}");
        runs(&new, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
    }
}

#[tokio::test]
async fn adding_a_key_again_changes_nothing_and_another_secret_under_its_name_is_refused() {
    let shop = Shop::open(Wall::Sealed).await;
    let keys = SealKeys::new(shop.database.session());
    keys.add(&key("k1", 7)).await.unwrap();
    let error = keys.add(&key("k1", 8)).await.unwrap_err();
    assert!(matches!(error, Error::SealKey { .. }), "{error}");
    assert_eq!(keys.list().await.unwrap().len(), 1);
    runs(&shop.pools().await, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap();
}

#[tokio::test]
async fn the_last_key_and_an_unknown_one_are_not_retired() {
    let shop = Shop::open(Wall::Sealed).await;
    let keys = SealKeys::new(shop.database.session());
    for name in ["k1", "nobody"] {
        let error = keys.retire(name).await.unwrap_err();
        assert!(matches!(error, Error::SealKey { .. }), "{error}");
    }
    assert_eq!(keys.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_databases_own_key_is_renewed_under_open_transactions() {
    let shop = Shop::open(Wall::Sealed).await;
    let keys = SealKeys::new(shop.database.session());
    let pools = shop.pools().await;
    let mut open = pools.hold(1).await;
    keys.renew_database_key().await.unwrap();
    open.raw_unchecked("test").batch_execute(SEES_ITS_OWN).await.unwrap();
    // The key before the last is gone, and what was sealed with it.
    keys.renew_database_key().await.unwrap();
    let error = open.raw_unchecked("test").batch_execute(SEES_ITS_OWN).await.unwrap_err();
    assert!(error.to_string().contains("not sealed"), "{error}");
    drop(open);
    runs(&pools, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap();
    let count = shop.ask("SELECT count(*) FROM tenancy.seal_keys WHERE kind = 'database'").await;
    assert_eq!(count, "2");
}

/// Attack (seal): adding a key with the application's, the registry's or the admin's login.
#[tokio::test]
async fn the_owner_may_change_the_keys_and_no_other_login_may() {
    let shop = Shop::open(Wall::Sealed).await;
    let name = shop.database.name();
    let owner = tenant_diesel::PgSession::connect(shop.database.url(&format!("{name}_owner")));
    SealKeys::new(&owner.await.unwrap()).add(&key("k2", 8)).await.unwrap();
    for role in ["login", "registry", "admin"] {
        let url = shop.database.url(&format!("{name}_{role}"));
        let session = tenant_diesel::PgSession::connect(url).await.unwrap();
        let error = SealKeys::new(&session).add(&key("k3", 9)).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{role}: {error}");
        let error = SealKeys::new(&session).list().await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{role}: {error}");
    }
}

#[tokio::test]
async fn a_seal_is_put_on_and_taken_off_without_touching_a_policy() {
    let shop = Shop::open(Wall::Unsealed).await;
    let layout = Layout::new(shop.database.name()).unwrap();
    let sealed = layout.clone().binding(tenant_core::Binding::Sealed);
    shop.database.install(&Isolation::new(&tenancy(), &sealed).unwrap()).await.unwrap();
    let error = runs(&shop.pools().await, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap_err();
    assert!(error.contains("not sealed"), "{error}");
    shop.database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    runs(&shop.pools().await, "diesel", 1, &[SEES_ITS_OWN]).await.unwrap();
}

#[tokio::test]
async fn an_application_begins_to_seal_before_its_database_demands_it() {
    let shop = Shop::open(Wall::Unsealed).await;
    SealKeys::new(shop.database.session()).add(&key("k1", 7)).await.unwrap();
    let (old, new) = (shop.pools().await, shop.sealing().await);
    for adapter in ADAPTERS {
        runs(&old, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
        runs(&new, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
    }
    let layout = Layout::new(shop.database.name()).unwrap().binding(tenant_core::Binding::Sealed);
    shop.database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    for adapter in ADAPTERS {
        runs(&old, adapter, 1, &[SEES_ITS_OWN]).await.unwrap_err();
        runs(&new, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
    }
}

#[tokio::test]
async fn a_pool_without_a_key_is_told_so_by_its_first_query() {
    let shop = Shop::open(Wall::Sealed).await;
    let db = tenant_diesel::TenantDb::builder(&tenancy()).connect(shop.url()).await.unwrap();
    let mut tx = db.begin(&scope(1).await).await.unwrap();
    let sent = tx.raw_unchecked("test").batch_execute("TABLE orders").await;
    let error = tenant_diesel::Error::from(sent.unwrap_err());
    assert!(matches!(error, tenant_diesel::Error::NotSealed { .. }), "{error}");
    let layout = Layout::new("x").unwrap().binding(tenant_core::Binding::Sealed);
    let db = tenant_seaorm::TenantDb::builder(&tenancy()).layout(layout).connect(shop.url()).await;
    assert!(matches!(db, Err(tenant_seaorm::Error::Core(Error::NoSeal))));
}

#[tokio::test]
async fn the_databases_key_is_random_and_shown_to_nobody() {
    let (one, two) = (Shop::open(Wall::Sealed).await, Shop::open(Wall::Sealed).await);
    let key = "SELECT encode(inner_pad, 'hex') FROM tenancy.seal_keys WHERE kind = 'database'";
    assert_ne!(one.ask(key).await, two.ask(key).await);
    let mut login = plain(&one.url()).await;
    login.batch_execute("TABLE tenancy.seal_keys").await.unwrap_err();
    let sealed = Layout::new("x").unwrap().binding(tenant_core::Binding::Sealed);
    let up = Isolation::new(&tenancy(), &sealed).unwrap().up();
    assert!(!up.contains(&one.ask(key).await));
}

#[tokio::test]
async fn taking_the_isolation_away_takes_the_keys_too() {
    let shop = Shop::open(Wall::Sealed).await;
    let sealed = Layout::new(shop.database.name()).unwrap().binding(tenant_core::Binding::Sealed);
    let isolation = Isolation::new(&tenancy(), &sealed).unwrap();
    isolation.revert(shop.database.session()).await.unwrap();
    let left = shop.ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'tenancy'").await;
    assert_eq!(left, "0");
    shop.database.session().batch("TABLE orders").await.unwrap();
}

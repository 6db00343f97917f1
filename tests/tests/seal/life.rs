//! A sealed transaction in daily use: waiting, nesting, and a server without `set_config`.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tenant_core::{Binding, Isolation, Layout, SqlSession};

use crate::fixture::{
    ADAPTERS, SEES_ITS_OWN, SEES_THE_OTHER, Shop, Wall, runs, scope, seal, tenancy,
};

/// Longer than a token of one second is good for, whatever the fraction it was made in.
const TOO_LATE: Duration = Duration::from_millis(2500);

#[tokio::test]
async fn a_token_is_made_when_the_connection_is_there_and_not_before_the_wait_for_it() {
    let shop = Shop::open(Wall::Sealed).await;
    let pools = shop.pools_with(seal().lifetime(Duration::from_secs(1))).await;
    let (diesel, seaorm) = (pools.hold(1).await, pools.hold_after_nested(1).await);
    let release = async {
        // Time is what is tested here.
        tokio::time::sleep(TOO_LATE).await;
        diesel.rollback().await.unwrap();
        seaorm.rollback().await.unwrap();
    };
    let wait = async |adapter| runs(&pools, adapter, 1, &[SEES_ITS_OWN]).await;
    let (first, second, ()) = tokio::join!(wait("diesel"), wait("seaorm"), release);
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_token_that_travels_with_the_first_statement_is_made_with_that() {
    let shop = Shop::open(Wall::Sealed).await;
    let pools = shop.pools_with(seal().lifetime(Duration::from_secs(1))).await;
    let mut tx = pools.hold_unbegun(1).await;
    tokio::time::sleep(TOO_LATE).await;
    let mut raw = tx.raw_unchecked("test");
    raw.batch_execute(SEES_ITS_OWN).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_tenant_that_was_suspended_after_its_scope_was_verified_is_told_so_and_not_a_broken_opening()
 {
    let shop = Shop::open(Wall::Sealed).await;
    let pools = shop.pools().await;
    let suspended = "INSERT INTO tenancy.tenants (id, slug, name, status)
        VALUES (1, 'one', 'One', 'suspended'), (2, 'two', 'Two', 'active')";
    shop.database.session().batch(suspended).await.unwrap();
    let (one, two) = (scope(1).await, scope(2).await);
    let error = pools.diesel().begin(&one).await.unwrap_err();
    assert!(matches!(error, tenant_diesel::Error::NotActive { .. }), "{error}");
    let mut tx = pools.diesel().begin_deferred(&one).await.unwrap();
    let refused = tx.raw_unchecked("test").batch_execute(SEES_ITS_OWN).await.unwrap_err();
    let error = tenant_diesel::Error::from(refused);
    assert!(matches!(error, tenant_diesel::Error::NotActive { .. }), "{error}");
    drop(tx);
    let error = pools.seaorm().begin(&one).await.unwrap_err();
    assert!(matches!(error, tenant_seaorm::Error::NotActive { .. }), "{error}");
    // The connections that refused it serve the other one.
    pools.diesel().begin(&two).await.unwrap().commit().await.unwrap();
    pools.seaorm().begin(&two).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_nested_transaction_may_end_long_after_the_token_that_opened_the_first() {
    let shop = Shop::open(Wall::Sealed).await;
    let pools = shop.pools_with(seal().lifetime(Duration::from_secs(1))).await;
    let (mut diesel, seaorm) = (pools.hold(1).await, pools.hold_after_nested(1).await);
    tokio::time::sleep(TOO_LATE).await;
    diesel
        .transaction(async |tx| {
            let mut raw = tx.raw_unchecked("test");
            raw.batch_execute(SEES_ITS_OWN).await
        })
        .await
        .unwrap();
    diesel.raw_unchecked("test").batch_execute(SEES_ITS_OWN).await.unwrap();
    let nested = seaorm.begin().await.unwrap();
    nested.raw_unchecked("test").execute_unprepared(SEES_ITS_OWN).await.unwrap();
    nested.commit().await.unwrap();
    seaorm.raw_unchecked("test").execute_unprepared(SEES_ITS_OWN).await.unwrap();
}

#[tokio::test]
async fn a_nested_transaction_that_ends_puts_the_tenant_back_that_sql_in_it_took_away() {
    let shop = Shop::open(Wall::Sealed).await;
    let pools = shop.pools().await;
    let mut diesel = pools.hold(1).await;
    diesel
        .transaction(async |tx| {
            let mut raw = tx.raw_unchecked("test");
            raw.batch_execute("SET LOCAL app.current_tenant_id = '2'").await
        })
        .await
        .unwrap();
    diesel.raw_unchecked("test").batch_execute(SEES_ITS_OWN).await.unwrap();
}

#[tokio::test]
async fn with_set_config_taken_from_everybody_the_seal_still_opens() {
    let shop = Shop::open(Wall::Sealed).await;
    let layout = Layout::new(shop.database.name()).unwrap().binding(Binding::Sealed);
    let isolation = Isolation::new(&tenancy(), &layout).unwrap().revoke_set_config().unwrap();
    shop.database.install(&isolation).await.unwrap();
    let pools = shop.pools().await;
    for adapter in ADAPTERS {
        runs(&pools, adapter, 1, &[SEES_ITS_OWN]).await.unwrap();
        let attack = "SELECT set_config('app.current_tenant_id', '2', true)";
        let error = runs(&pools, adapter, 1, &[attack]).await.unwrap_err();
        assert!(error.contains("permission denied for function set_config"), "{error}");
        let error = runs(&pools, adapter, 1, &["SET app.current_tenant_id = '2'", SEES_THE_OTHER]);
        assert!(error.await.unwrap_err().contains("not sealed"));
    }
    isolation.revert(shop.database.session()).await.unwrap();
    let anybody =
        "SELECT has_function_privilege('public', 'set_config(text, text, boolean)', 'EXECUTE')";
    let rows = shop.database.session().rows(anybody, &[]).await.unwrap();
    assert_eq!(rows[0].values().next().unwrap(), &serde_json::Value::Bool(true));
}

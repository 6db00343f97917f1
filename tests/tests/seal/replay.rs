//! What was good once is offered again: later, elsewhere, too late.

use diesel_async::SimpleAsyncConnection;
use tenant_core::{SqlSession, TransactionOptions};

use crate::fixture::{ADAPTERS, SEES_THE_OTHER, Shop, Wall, plain, runs, scope, seal, tenancy};

/// Puts the settings that tenant 2's transaction has into a table that everybody may write, as an
/// accomplice would.
pub(crate) const TAKE: &str = "INSERT INTO taken SELECT current_setting('app.current_tenant_id'),
    current_setting('tenancy.actor'), current_setting('tenancy.seal')";
pub(crate) const REPLAY: &str = "DO $$ DECLARE t taken; BEGIN SELECT * INTO STRICT t FROM taken;
    PERFORM set_config('app.current_tenant_id', t.tenant, true),
            set_config('tenancy.actor', t.actor, true), set_config('tenancy.seal', t.seal, true);
    END $$";

pub(crate) async fn with_accomplice(shop: &Shop) {
    let sql =
        "CREATE TABLE taken (tenant text, actor text, seal text); GRANT ALL ON taken TO PUBLIC";
    shop.database.session().batch(sql).await.unwrap();
}

/// Attack (seal): replaying what another transaction of the same backend had, also with `COMMIT
/// AND CHAIN`.
#[tokio::test]
async fn a_seal_is_worth_nothing_in_a_later_transaction_of_the_same_backend() {
    let shop = Shop::open(Wall::Sealed).await;
    with_accomplice(&shop).await;
    let mut backend = plain(&shop.url()).await;
    let mut options = tenant_core::adapter::OpeningOptions::default();
    options.seal(seal());
    let layout = tenant_core::Layout::new(shop.database.name()).unwrap();
    let opening = tenant_core::adapter::Opening::new(&layout, tenancy().key(), &options).unwrap();
    let first = opening.tenant(&scope(2).await, TransactionOptions::default()).unwrap();
    backend.batch_execute(&format!("{first}; {TAKE}; {SEES_THE_OTHER}")).await.unwrap();
    backend.batch_execute("COMMIT").await.unwrap();
    let mine = opening.tenant(&scope(1).await, TransactionOptions::default()).unwrap();
    backend.batch_execute(&mine).await.unwrap();
    let error = backend.batch_execute(&format!("{REPLAY}; {SEES_THE_OTHER}")).await.unwrap_err();
    assert!(error.to_string().contains("not sealed"), "{error}");
    backend.batch_execute("ROLLBACK").await.unwrap();
    // Nor for a chained one.
    let first = opening.tenant(&scope(2).await, TransactionOptions::default()).unwrap();
    backend.batch_execute("RESET ROLE; ").await.unwrap();
    shop.database.session().batch("TRUNCATE taken").await.unwrap();
    backend.batch_execute(&format!("{first}; {TAKE}")).await.unwrap();
    let role = format!("SET LOCAL ROLE {}_tenant", shop.database.name());
    let chained = format!("COMMIT AND CHAIN; {role}; {REPLAY}; {SEES_THE_OTHER}");
    let error = backend.batch_execute(&chained).await.unwrap_err();
    assert!(error.to_string().contains("not sealed"), "{error}");
}

/// Attack (seal): replaying what a transaction of another backend has.
#[tokio::test]
async fn a_seal_is_worth_nothing_on_another_backend() {
    for adapter in ADAPTERS {
        let shop = Shop::open(Wall::Sealed).await;
        with_accomplice(&shop).await;
        let (theirs, mine) = (shop.pools().await, shop.pools().await);
        runs(&theirs, adapter, 2, &[TAKE, "COMMIT"]).await.unwrap();
        let error = runs(&mine, adapter, 1, &[REPLAY, SEES_THE_OTHER]).await.unwrap_err();
        assert!(error.contains("not sealed"), "{adapter}: {error}");
    }
}

/// A token as the application would sign it, good until `expires`, made from what the database
/// knows of the key: only a superuser can.
async fn token(shop: &Shop, expires: &str) -> String {
    shop.ask(&format!(
        "SELECT format('SELECT tenancy.open(%L, %L, %s, %L, %L)', '2', 'alice', e, 'k1',
            encode(sha256(outer_pad || sha256(inner_pad || convert_to(
                'tenancy.open.1|k1|' || e || '|5|alice|2', 'UTF8'))), 'hex')) AS token
         FROM tenancy.seal_keys, (SELECT ({expires})::bigint) AS x (e) WHERE name = 'k1'"
    ))
    .await
}

const NOW: &str = "extract(epoch FROM clock_timestamp())";

/// Attack (seal): opening a well-signed token too late, or one that claims to be good for an
/// hour.
#[tokio::test]
async fn an_expired_token_opens_nothing_and_one_that_lives_too_long_neither() {
    let shop = Shop::open(Wall::Sealed).await;
    let pools = shop.pools().await;
    for (expires, expected) in [
        (format!("{NOW} - 2"), "has expired"),
        (format!("{NOW} + 3600"), "has expired"),
        ("0".to_owned(), "has expired"),
    ] {
        let token = token(&shop, &expires).await;
        let error = runs(&pools, "diesel", 1, &[&token, SEES_THE_OTHER]).await.unwrap_err();
        assert!(error.contains(expected), "{expires}: {error}");
    }
    // The twin: in its seconds it does, and so nobody may see it.
    let token = token(&shop, &format!("{NOW} + 5")).await;
    runs(&pools, "diesel", 1, &[&token, SEES_THE_OTHER]).await.unwrap();
}

/// Attack (seal): opening a fresh token of a tenant that was suspended.
#[tokio::test]
async fn a_token_of_a_tenant_that_was_suspended_opens_nothing() {
    let shop = Shop::open(Wall::Sealed).await;
    let insert = "INSERT INTO tenancy.tenants (id, slug, name) VALUES (2, 'b', 'B')";
    shop.database.session().batch(insert).await.unwrap();
    let pools = shop.pools().await;
    for adapter in ADAPTERS {
        runs(&pools, adapter, 2, &[SEES_THE_OTHER]).await.unwrap();
    }
    let suspend = "UPDATE tenancy.tenants SET status = 'suspended'";
    shop.database.session().batch(suspend).await.unwrap();
    for adapter in ADAPTERS {
        let error = runs(&pools, adapter, 2, &[SEES_THE_OTHER]).await.unwrap_err();
        assert!(error.contains("suspended"), "{adapter}: {error}");
    }
}

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait};
use tenant_diesel::prelude::*;
use tenant_tests::shop::Shop;
use tokio::time::sleep_until;

use crate::fixture::{ADAPTERS, Admins, TENANCY, invoice, schema, scope};

const SHORT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn when_the_scope_ends_nothing_more_runs_and_nothing_is_kept() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let scope = scope().writes().lasts(SHORT);
    let mut diesel = admins.diesel.begin(&scope).await.unwrap();
    let seaorm = admins.seaorm.begin(&scope).await.unwrap();
    diesel::update(schema::invoices::table)
        .set(schema::invoices::amount.eq(0))
        .execute(&mut diesel)
        .await
        .unwrap();

    sleep_until(scope.ends().into()).await;
    let query = schema::invoices::table.count().get_result::<i64>(&mut diesel).await.unwrap_err();
    let found = tenant_diesel::Error::find(&query);
    assert!(matches!(found, Some(tenant_diesel::Error::Closed { .. })), "{query}");
    let commit = diesel.commit().await;
    assert!(matches!(commit, Err(tenant_diesel::Error::Closed { .. })), "{commit:?}");
    let query = invoice::Entity::find().count(&seaorm).await.unwrap_err();
    assert!(query.to_string().contains("has ended"), "{query}");
    let commit = seaorm.commit().await;
    assert!(matches!(commit, Err(tenant_seaorm::Error::Closed { .. })), "{commit:?}");

    for adapter in ADAPTERS {
        let refused = admins.count(adapter, &scope).await.unwrap_err();
        assert!(refused.contains("ask for it again"), "{adapter}: {refused}");
    }
    shop.settled().await;
    assert_eq!(shop.ask("SELECT count(*) FROM invoices WHERE amount = 0").await, "0");
}

#[tokio::test]
async fn the_server_ends_a_query_that_outlives_the_scope() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        let scope = scope().lasts(SHORT);
        let ended = admins.runs(adapter, &scope, &["SELECT pg_sleep(600)"]).await.unwrap_err();
        // The transaction's, where there is one.
        let timeout = ["statement timeout", "transaction timeout"];
        assert!(timeout.iter().any(|what| ended.contains(what)), "{adapter}: {ended}");
    }
}

/// PostgreSQL 17 knows a transaction's timeout; before, the commit is what is refused.
#[tokio::test]
async fn a_query_that_began_in_time_does_not_go_on_for_as_long_again() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    let version: u32 =
        shop.ask("SELECT current_setting('server_version_num')").await.parse().unwrap();
    let ended = if version >= 170_000 { "transaction timeout" } else { "has ended" };
    for adapter in ADAPTERS {
        let scope = scope().lasts(SHORT);
        let naps = ["SELECT pg_sleep(0.3)", "SELECT pg_sleep(0.3)"];
        let error = admins.runs(adapter, &scope, &naps).await.unwrap_err();
        assert!(error.contains(ended), "{adapter}: {error}");
    }
    shop.settled().await;
}

//! Round trips, counted at the socket.

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tenant_diesel::{TenantDb, prelude::*};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, invoices, plans};

#[tokio::test]
async fn a_transaction_with_one_query_costs_three_as_diesels_own_does() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_login", shop.database.name()));
    let db = TenantDb::builder(&TENANCY).max_connections(1).connect(url).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    for statement_is_cached in [false, true] {
        proxy.reset();
        let mut tx = db.begin(&scope).await.unwrap();
        invoices::table.count().get_result::<i64>(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        if statement_is_cached {
            assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
        }
    }

    let login = proxy.url(&format!("{}_login", shop.database.name()));
    let mut plain = AsyncPgConnection::establish(&login).await.unwrap();
    for statement_is_cached in [false, true] {
        proxy.reset();
        plain
            .transaction(async |c| {
                let one = diesel::select(1_i32.into_sql::<diesel::sql_types::Integer>());
                diesel_async::RunQueryDsl::get_result::<i32>(one, c).await
            })
            .await
            .unwrap();
        if statement_is_cached {
            assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
        }
    }
}

#[tokio::test]
async fn a_nested_transaction_costs_two_more_and_a_shared_one_three() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_login", shop.database.name()));
    let db = TenantDb::builder(&TENANCY).max_connections(1).connect(url).await.unwrap();
    let scope = shop.scope(&shop.a).await;
    for statement_is_cached in [false, true] {
        proxy.reset();
        let mut tx = db.begin(&scope).await.unwrap();
        tx.transaction(async |tx| invoices::table.count().get_result::<i64>(tx).await)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        if statement_is_cached {
            assert_eq!(proxy.round_trips(), 5, "{:#?}", proxy.messages());
        }
        proxy.reset();
        let mut shared = db.shared().await.unwrap();
        plans::table.count().get_result::<i64>(&mut shared).await.unwrap();
        shared.commit().await.unwrap();
        if statement_is_cached {
            assert_eq!(proxy.round_trips(), 3, "{:#?}", proxy.messages());
        }
    }
}

#[tokio::test]
async fn what_is_refused_before_sending_costs_nothing() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_login", shop.database.name()));
    let db = TenantDb::builder(&TENANCY).max_connections(1).connect(url).await.unwrap();
    proxy.reset();
    db.begin(&shop.scope(&7.into()).await).await.unwrap_err();
    assert_eq!(proxy.round_trips(), 0, "{:#?}", proxy.messages());
}

//! Raw SQL: constants run, everything else has to be asked for.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel_async::SimpleAsyncConnection;
use tenant_diesel::{TenantDb, prelude::*, sql_query};
use tenant_tests::shop::Shop;

use crate::schema::TENANCY;

#[derive(QueryableByName, Debug, PartialEq)]
struct Row {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
}

#[tokio::test]
async fn a_constant_with_parameters_runs_under_the_tenants_policies() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let name = "'; DROP TABLE invoices; --";
    let row: Row = sql_query("SELECT count(*), $2 AS name FROM invoices WHERE amount > $1")
        .bind::<Integer, _>(2)
        .bind::<Text, _>(name)
        .get_result(&mut tx)
        .await
        .unwrap();
    assert_eq!(row, Row { count: 3, name: Some(name.into()) });
}

#[tokio::test]
async fn unchecked_sql_runs_under_the_tenants_policies() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let mut raw = tx.raw_unchecked("made at run time");
    raw.batch_execute("UPDATE invoices SET note = 'raw'").await.unwrap();
    let sql = format!("SELECT count(*), max(note) AS name FROM {}", "invoices");
    let row: Row =
        diesel_async::RunQueryDsl::get_result(diesel::sql_query(sql), &mut raw).await.unwrap();
    assert_eq!(row, Row { count: 5, name: Some("raw".into()) });
    tx.commit().await.unwrap();
    assert_eq!(shop.count("invoices WHERE note = 'raw'").await, 5);
}

//! What is read of the sample databases.

use tenant_core::{Adopt, AdoptError, Answer, TableName, TenantKey};

use crate::fixture::{SAKILA, database, read, told, why};

#[tokio::test]
async fn sakilas_tables_are_told_apart() {
    let db = database(&SAKILA).await;
    let adoption = read(&db, Adopt::new()).await.unwrap();
    assert_eq!(adoption.tenants_table().name(), "store");
    assert_eq!(adoption.key(), TenantKey::Bigint);
    assert_eq!(
        told(&adoption),
        [
            "actor: Shared",
            "address: Unsure",
            "category: Shared",
            "city: Shared",
            "country: Shared",
            r#"customer: tenant_id Some(Column("store_id"))"#,
            "film: Shared",
            "film_actor: Shared",
            "film_category: Shared",
            r#"inventory: tenant_id Some(Column("store_id"))"#,
            "language: Shared",
            r#"payment: tenant_id Some(Along("payment_customer_id_fkey"))"#,
            r#"rental: tenant_id Some(Along("rental_inventory_id_fkey"))"#,
            r#"staff: tenant_id Some(Column("store_id"))"#,
            r#"store: tenant_id Some(Column("store_id"))"#,
        ]
    );
    assert_eq!(why(&adoption, "film"), "40 of 40 rows in use are those of several tenants");
    assert!(why(&adoption, "address").starts_with("each of 69 rows in use is one tenant's"));
    assert!(why(&adoption, "payment").ends_with("all 3 foreign keys agree in every row"));
    assert!(
        matches!(adoption.tenancy(), Err(AdoptError::Unsure { tables }) if tables == "\"address\"")
    );
}

/// The twin: one rental of another store's inventory, and neither it nor its payment is told.
#[tokio::test]
async fn rows_that_disagree_make_a_table_unsure() {
    let db = database(&SAKILA).await;
    tenant_core::SqlSession::batch(
        db.session(),
        "UPDATE rental SET inventory_id = (SELECT min(inventory_id) FROM inventory i JOIN customer c
           ON c.store_id <> i.store_id WHERE c.customer_id = rental.customer_id) WHERE rental_id = 7",
    )
    .await
    .unwrap();
    let adoption = read(&db, Adopt::new()).await.unwrap();
    let why = why(&adoption, "rental");
    assert!(why.contains("1 rows are of another tenant by customer_id: SELECT t.* FROM"), "{why}");
    let answered = Adopt::new()
        .answer(TableName::new("rental").unwrap(), Answer::TenantVia("customer_id".to_owned()));
    let adoption = read(&db, answered).await.unwrap();
    let rental = adoption.tables().iter().find(|t| t.name().name() == "rental").unwrap();
    assert_eq!(rental.remarks().len(), 1, "{rental:?}");
}

#[tokio::test]
async fn chinooks_customers_are_its_tenants() {
    let db = database(&[include_str!("../../../examples/data/chinook/schema.sql")]).await;
    let adoption = read(&db, Adopt::new()).await.unwrap();
    assert_eq!(adoption.tenants_table().name(), "customer");
    let told = told(&adoption);
    for table in [
        r#"customer: tenant_id Some(Column("customer_id"))"#,
        r#"invoice: tenant_id Some(Column("customer_id"))"#,
        r#"invoice_line: tenant_id Some(Along("invoice_line_invoice_id_fkey"))"#,
        // Invoice lines point at tracks, and no row says whether tenants share them.
        "track: Unsure",
        "album: Shared",
    ] {
        assert!(told.iter().any(|line| line == table), "{table}: {told:#?}");
    }
}

use tenant_core::SqlSession;
use tenant_tests::shop::Shop;

use crate::fixture::{ADAPTERS, Admins, TENANCY, scope};

#[tokio::test]
async fn it_sees_every_tenants_rows_through_unchanged_queries() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        assert_eq!(admins.count(adapter, &scope()).await.unwrap(), 10, "{adapter}");
    }
}

/// Where the installer could not give `BYPASSRLS`, a policy does.
#[tokio::test]
async fn it_sees_them_without_bypassing_row_security_too() {
    let shop = Shop::open(&TENANCY).await;
    let weaker = format!("ALTER ROLE {}_admin NOBYPASSRLS", shop.database.name());
    shop.database.session().batch(&weaker).await.unwrap();
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        assert_eq!(admins.count(adapter, &scope()).await.unwrap(), 10, "{adapter}");
    }
}

#[tokio::test]
async fn it_writes_nothing_unless_that_was_asked_for() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        let scope = scope().on_behalf_of(shop.a.clone());
        let error = admins.insert(adapter, &scope).await.unwrap_err();
        assert!(error.contains("read-only transaction"), "{adapter}: {error}");
    }
    assert_eq!(shop.count("invoices").await, 10);
}

const WRITE: &str = "UPDATE invoices SET amount = 0";

/// Attack (roles): SQL in a support transaction that reads makes it one that writes.
#[tokio::test]
async fn what_reads_cannot_be_made_to_write() {
    let shop = Shop::open(&TENANCY).await;
    let admins = Admins::of(&shop).await;
    for adapter in ADAPTERS {
        for switch in [
            "SET TRANSACTION READ WRITE",
            "SET LOCAL transaction_read_only = off",
            "SELECT set_config('transaction_read_only', 'off', true)",
            "SAVEPOINT s; SET TRANSACTION READ WRITE",
        ] {
            let error = admins.runs(adapter, &scope(), &[switch, WRITE]).await.unwrap_err();
            assert!(error.contains("read-write mode"), "{adapter}: {switch}: {error}");
        }
    }
    assert_eq!(shop.ask("SELECT count(*) FROM invoices WHERE amount = 0").await, "0");
}

#[tokio::test]
async fn twin_before_its_first_query_a_read_only_transaction_can_be_made_to_write() {
    let shop = Shop::open(&TENANCY).await;
    let admin = shop.database.session_as(&format!("{}_admin", shop.database.name()));
    let switched =
        "BEGIN READ ONLY; SET TRANSACTION READ WRITE; UPDATE invoices SET amount = 0; COMMIT";
    admin.batch(switched).await.unwrap();
}

//! The roles that read all tenants, and write nothing.

use tenant_testkit::TestDatabase;

use crate::fixture::{as_role, as_tenant, counts, found, is_true, isolation};

#[tokio::test]
async fn analytics_and_staff_read_every_tenant_and_write_nothing() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    for tenant in ["1", "2"] {
        as_tenant(&database, tenant, "INSERT INTO customers (name) VALUES ('x')").await.unwrap();
    }
    for role in ["analytics", "staff"] {
        let role = format!("{}_{role}", database.name());
        assert_eq!(counts(&database, &role, "", "customers").await, 2);
        assert_eq!(counts(&database, &role, "", "plans").await, 0);
        for write in [
            "UPDATE customers SET name = 'y'",
            "DELETE FROM customers",
            "INSERT INTO plans VALUES (1)",
        ] {
            let all = format!(
                "SET LOCAL default_transaction_read_only = off; SET LOCAL transaction_read_only = off; {write}"
            );
            let error = as_role(&database, &role, "1", &all).await.unwrap_err();
            assert_eq!(error.sqlstate.as_deref(), Some("42501"), "{role} {write}: {error}");
        }
    }
    assert_eq!(
        counts(&database, &format!("{}_tenant", database.name()), "1", "customers").await,
        1,
        "the twin"
    );
}

#[tokio::test]
async fn a_session_of_analytics_is_read_only_until_it_says_otherwise() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let setting = format!(
        "EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
         WHERE r.rolname = '{}_analytics' AND 'default_transaction_read_only=on' = ANY (s.setconfig))",
        database.name()
    );
    assert!(is_true(&database, &setting).await);
}

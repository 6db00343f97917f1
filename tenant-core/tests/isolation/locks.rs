//! A second `up` locks nothing that is as it should be.

use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::fixture::{found, isolation};

/// A transaction that has written to every table and is still open, and `up` with no patience.
async fn up_beside_a_writer(database: &TestDatabase) -> Result<(), tenant_core::SessionError> {
    let writer = database.session().dedicated().await.unwrap();
    let lock = r#"BEGIN; LOCK TABLE customers, orders, lines, events, plans, "Support Desk".notes
        IN ROW EXCLUSIVE MODE"#;
    writer.batch(lock).await.unwrap();
    let up = isolation(database).up();
    assert!(up.contains("\nBEGIN;\n"));
    let impatient = up.replacen("\nBEGIN;\n", "\nBEGIN;\nSET LOCAL lock_timeout = '200ms';\n", 1);
    database.session().batch(&impatient).await
}

#[tokio::test]
async fn a_second_up_runs_beside_a_transaction_that_writes() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    up_beside_a_writer(&database).await.unwrap();
}

#[tokio::test]
async fn twin_where_one_policy_is_missing_it_waits_for_the_writer() {
    let database = TestDatabase::create().await.unwrap();
    found(&database).await;
    database.install(&isolation(&database)).await.unwrap();
    let drop =
        "DO $$ BEGIN EXECUTE (SELECT format('DROP POLICY %I ON orders', polname) FROM pg_policy
        WHERE polrelid = 'orders'::regclass AND polname LIKE 'tenancy_select%'); END $$";
    database.session().batch(drop).await.unwrap();
    let error = up_beside_a_writer(&database).await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("55P03"), "{error}");
}

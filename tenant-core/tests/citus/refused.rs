//! What cannot be, and what is said of it.

use tenant_core::{Binding, Error, Isolation, Layout, SqlSession, TableName};
use tenant_testkit::TestDatabase;

use crate::fixture::{TABLES, isolation, layout, shop, tenancy};

async fn refusal(database: &TestDatabase) -> String {
    database.session().batch(&isolation(database).up()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_database_without_citus() {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(TABLES).await.unwrap();
    assert!(refusal(&database).await.contains("Citus is not installed in this database"));
    let planned = isolation(&database).plan(database.session()).await.unwrap_err();
    assert!(matches!(&planned, Error::Plan { why } if why.contains("CREATE EXTENSION citus")));
    // The twin: without Citus in the layout it is a database like any.
    let usual = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy(), &usual).unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_old_citus_and_a_worker() {
    let database = shop().await;
    let session = database.session();
    session
        .batch("UPDATE pg_extension SET extversion = '10.2-5' WHERE extname = 'citus'")
        .await
        .unwrap();
    assert!(refusal(&database).await.contains("11 or newer"));
    session
        .batch("UPDATE pg_extension SET extversion = '11.0-1' WHERE extname = 'citus'")
        .await
        .unwrap();
    session.batch("UPDATE pg_dist_local_group SET groupid = 3").await.unwrap();
    assert!(refusal(&database).await.contains("on the coordinator"));
}

#[tokio::test]
async fn a_key_without_the_tenant_and_a_table_that_is_distributed_otherwise() {
    let database = shop().await;
    let session = database.session();
    session.batch("CREATE UNIQUE INDEX by_id ON bookings (id)").await.unwrap();
    let said = refusal(&database).await;
    assert!(
        said.contains("by_id of public.bookings unique") && said.contains("(tenant_id, …)"),
        "{said}"
    );
    session
        .batch("DROP INDEX by_id; SELECT create_distributed_table('bookings', 'id')")
        .await
        .unwrap_err();
    session
        .batch("DROP INDEX by_id; ALTER TABLE bookings DROP CONSTRAINT bookings_pkey")
        .await
        .unwrap();
    session
        .batch("ALTER TABLE bookings DROP CONSTRAINT bookings_tenant_id_customer_fkey")
        .await
        .unwrap();
    session.batch("SELECT create_distributed_table('bookings', 'id')").await.unwrap();
    let said = refusal(&database).await;
    assert!(said.contains("public.bookings is not distributed by its tenant"), "{said}");
}

#[tokio::test]
async fn bindings_that_do_not_reach_the_workers_and_rows_that_are_counted() {
    let database = shop().await;
    for binding in [Binding::SetConfig, Binding::Sealed] {
        let refused = Isolation::new(&tenancy(), &layout(&database).binding(binding));
        assert!(refused.unwrap_err().to_string().contains("Binding::SetLocal"));
    }
    let counted = isolation(&database).row_quota(TableName::new("bookings").unwrap());
    assert!(counted.unwrap_err().to_string().contains("triggers"));
}

//! `docs/testing.md` quotes this.

use tenant_diesel::{CheckIsolation, Isolation, Layout, SqlSession, TenantDb};
use tenant_testkit::{TestDatabase, assert_isolated};

mod schema {
    diesel::table! { invoice (id) { id -> Int4, total -> Int4, } }
}

tenant_diesel::tenancy! {
    static TENANCY;
    tenant { schema::invoice }
    shared {}
}

/// A database as the migrations make it, and the application's own pool.
async fn shop() -> (TestDatabase, TenantDb) {
    let database = TestDatabase::create().await.unwrap();
    let table = "CREATE TABLE invoice (id serial PRIMARY KEY, total int NOT NULL)";
    database.session().batch(table).await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&TENANCY, &layout).unwrap()).await.unwrap();
    let login = database.url(&format!("{}_login", database.name()));
    (database, TenantDb::connect(login, &TENANCY).await.unwrap())
}

#[tokio::test]
async fn tenants_are_kept_apart() {
    let (_database, db) = shop().await;
    assert_isolated(&db).await;
}

#[tokio::test]
async fn a_wall_that_is_gone_is_found() {
    let (database, db) = shop().await;
    let gone = "ALTER TABLE invoice DISABLE ROW LEVEL SECURITY";
    database.session().batch(gone).await.unwrap();
    let report = db.run_lint(&db.lint()).await.unwrap();
    assert!(!report.is_clean(), "{report}");
}

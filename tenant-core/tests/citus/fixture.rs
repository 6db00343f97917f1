//! A shop with keys as Citus wants them, and ways to look at its database.

use tenant_core::{Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

pub(crate) const TABLES: &str = "
    CREATE TABLE plans (id int PRIMARY KEY, name text);
    CREATE TABLE customers (tenant_id bigint NOT NULL, id bigint NOT NULL, plan int REFERENCES plans,
        PRIMARY KEY (tenant_id, id));
    CREATE TABLE bookings (tenant_id bigint NOT NULL, id bigint NOT NULL, customer bigint, total numeric,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, customer) REFERENCES customers (tenant_id, id));";

pub(crate) fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("bookings"), None)
        .tenant_table(TableName::new("customers"), None)
        .shared_table(TableName::new("plans"))
}

pub(crate) fn layout(database: &TestDatabase) -> Layout {
    Layout::new(database.name()).unwrap().citus()
}

pub(crate) fn isolation(database: &TestDatabase) -> Isolation {
    Isolation::new(&tenancy(), &layout(database)).unwrap()
}

/// The shop, in a database that takes itself for distributed.
pub(crate) async fn shop() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    database.session().batch(include_str!("imitation.sql")).await.unwrap();
    database.session().batch(TABLES).await.unwrap();
    database
}

/// One value of one row, as text.
pub(crate) async fn one(database: &TestDatabase, sql: &str) -> String {
    let sql = format!("SELECT ({sql})::text AS x");
    let rows = database.session().rows(&sql, &[]).await.unwrap();
    rows[0]["x"].as_str().unwrap_or("NULL").to_owned()
}

/// How Citus, or what stands for it, has its tables.
pub(crate) async fn distributed(database: &TestDatabase) -> String {
    let sql = "SELECT string_agg(concat_ws(' ', logicalrelid, partmethod, repmodel, colocationid), ', ' \
               ORDER BY logicalrelid::text) FROM pg_dist_partition";
    one(database, sql).await
}

/// Whether everybody may send commands to the workers.
pub(crate) async fn open_commands(database: &TestDatabase) -> String {
    let sql = "SELECT string_agg(proname, ', ' ORDER BY proname) FROM pg_proc \
               WHERE proname ~ '^(run_command|master_run)' \
               AND has_function_privilege('public', oid, 'EXECUTE')";
    one(database, sql).await
}

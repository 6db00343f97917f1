//! Each wall by itself: with the others taken away it still holds, and with it taken away too the
//! attack succeeds, so that the test can fail.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tenant_core::{
    Isolation, Layout, Principal, SqlSession, StaticRegistry, TableName, Tenancy, TenantKey,
    TenantRecord, TenantScope, Verified,
};
use tenant_diesel::{PgSession, TenantDb};
use tenant_testkit::TestDatabase;

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .shared_table(TableName::new("plans"))
}

async fn database() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let create = "CREATE TABLE plans (id int); CREATE TABLE orders (id serial PRIMARY KEY, v int)";
    database.session().batch(create).await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    let rows = "INSERT INTO orders (tenant_id, v) VALUES (1, 10), (2, 20)";
    database.session().batch(rows).await.unwrap();
    database
}

async fn scope(id: i64) -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(id, "x")]);
    TenantScope::claim(id, Principal::Token).verify(&registry).await.unwrap()
}

fn login(database: &TestDatabase) -> String {
    database.url(&format!("{}_login", database.name()))
}

/// Whether raw SQL in tenant 1's transaction fails.
async fn fails(database: &TestDatabase, sql: &str) -> bool {
    let db = TenantDb::builder(&tenancy()).without_startup_check_unchecked("some walls are gone");
    let db = db.connect(login(database)).await.unwrap();
    let mut tx = db.begin(&scope(1).await).await.unwrap();
    tx.raw_unchecked("the test's attack").batch_execute(sql).await.is_err()
}

const SEES_ONE: &str = "DO $$ BEGIN ASSERT (SELECT array_agg(v) FROM orders) = ARRAY[10]; END $$";

/// Attack (roles): using the login without a scope.
#[tokio::test]
async fn roles_a_login_that_nobody_scoped_reaches_no_table() {
    let database = database().await;
    let session = PgSession::connect(login(&database)).await.unwrap();
    for sql in
        ["TABLE orders", "TABLE plans", "TABLE tenancy.tenants", "SELECT tenancy.current_tenant()"]
    {
        let error = session.batch(sql).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{sql}: {error}");
    }
}

/// Attack (roles): reading past the policies what PUBLIC was granted: partitions, views,
/// columns.
#[tokio::test]
async fn roles_what_everybody_may_read_past_the_policies_is_taken_from_everybody() {
    let database = TestDatabase::create().await.unwrap();
    let create = "CREATE TABLE plans (); CREATE TABLE undeclared ();
        CREATE TABLE orders (id serial, v int, tenant_id bigint) PARTITION BY LIST (tenant_id);
        CREATE TABLE orders_1 PARTITION OF orders DEFAULT;
        CREATE VIEW all_orders AS TABLE orders;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
        CREATE VIEW by_column AS TABLE orders; GRANT SELECT (v) ON by_column TO PUBLIC";
    database.session().batch(create).await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    let session = PgSession::connect(login(&database)).await.unwrap();
    for table in ["orders", "orders_1", "all_orders", "undeclared", "(SELECT v FROM by_column) x"] {
        let error = session.batch(&format!("SELECT * FROM {table}")).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{table}: {error}");
    }
}

#[tokio::test]
async fn twin_roles_without_that_wall_the_login_reads_shared_tables() {
    let database = database().await;
    let name = database.name();
    database.session().batch(&format!("GRANT SELECT ON plans TO {name}_login")).await.unwrap();
    PgSession::connect(login(&database)).await.unwrap().batch("TABLE plans").await.unwrap();
}

/// Attack (rows): a forgotten WHERE; writing another tenant's rows; TRUNCATE.
#[tokio::test]
async fn rows_a_query_without_a_filter_sees_one_tenant() {
    let database = database().await;
    assert!(!fails(&database, SEES_ONE).await);
    assert!(fails(&database, "INSERT INTO orders (tenant_id, v) VALUES (2, 1)").await);
    assert!(fails(&database, "UPDATE orders SET tenant_id = 2").await);
    let touched = "DO $$ DECLARE n int; BEGIN \
                   UPDATE orders SET v = 0 WHERE tenant_id = 2; GET DIAGNOSTICS n = ROW_COUNT; \
                   ASSERT n = 0; DELETE FROM orders WHERE v = 20; GET DIAGNOSTICS n = ROW_COUNT; \
                   ASSERT n = 0; END $$";
    assert!(!fails(&database, touched).await);
    assert!(fails(&database, "TRUNCATE orders").await);
}

#[tokio::test]
async fn twin_rows_without_row_security_it_sees_them_all() {
    let database = database().await;
    database.session().batch("ALTER TABLE orders DISABLE ROW LEVEL SECURITY").await.unwrap();
    assert!(fails(&database, SEES_ONE).await);
    assert!(!fails(&database, "INSERT INTO orders (tenant_id, v) VALUES (2, 1)").await);
}

/// Attack (rows): a second policy that says `true`.
#[tokio::test]
async fn rows_a_careless_second_policy_does_not_widen_the_first() {
    let database = database().await;
    let careless = "CREATE POLICY careless ON orders USING (true)";
    database.session().batch(careless).await.unwrap();
    assert!(!fails(&database, SEES_ONE).await);
}

/// Drops one of our policies, whose names end in a hash of their body.
async fn without_policy(database: &TestDatabase, which: &str) {
    let drop = format!(
        "DO $$ BEGIN EXECUTE (SELECT format('DROP POLICY %I ON orders', polname) FROM pg_policy
         WHERE polrelid = 'orders'::regclass AND starts_with(polname::text, 'tenancy_{which}_')); END $$"
    );
    database.session().batch(&drop).await.unwrap();
}

#[tokio::test]
async fn twin_rows_without_the_restrictive_policy_it_does() {
    let database = database().await;
    without_policy(&database, "wall").await;
    let careless = "CREATE POLICY careless ON orders USING (true)";
    database.session().batch(careless).await.unwrap();
    assert!(fails(&database, SEES_ONE).await);
}

/// Attack (rows): reading as the table's owner.
#[tokio::test]
async fn rows_the_tables_owner_is_held_too() {
    let database = database().await;
    let name = database.name();
    without_policy(&database, "owner").await;
    let owner = PgSession::connect(database.url(&format!("{name}_owner"))).await.unwrap();
    let look = format!("BEGIN; SET LOCAL row_security = on; {SEES_NONE}; COMMIT");
    owner.batch(&look).await.unwrap();
}

const SEES_NONE: &str = "DO $$ BEGIN ASSERT (SELECT count(*) FROM orders) = 0; END $$";

#[tokio::test]
async fn twin_rows_without_force_the_owner_sees_them_all() {
    let database = database().await;
    let name = database.name();
    without_policy(&database, "owner").await;
    let unforced = "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY";
    database.session().batch(unforced).await.unwrap();
    let owner = PgSession::connect(database.url(&format!("{name}_owner"))).await.unwrap();
    assert!(owner.batch(SEES_NONE).await.is_err());
}

/// Attack (rows): querying without any tenant.
#[tokio::test]
async fn rows_a_query_without_a_tenant_fails_and_does_not_come_back_empty() {
    let database = database().await;
    let unset = "SELECT set_config('app.current_tenant_id', '', true); TABLE orders";
    assert!(fails(&database, unset).await);
    assert!(fails(&database, "RESET app.current_tenant_id; TABLE orders").await);
}

/// Attack (rows): asking `lastval()` what the last tenant on the connection inserted.
#[tokio::test]
async fn a_sequences_last_value_does_not_reach_the_next_tenant() {
    let database = database().await;
    let db =
        TenantDb::builder(&tenancy()).max_connections(1).connect(login(&database)).await.unwrap();
    let mut tx = db.begin(&scope(1).await).await.unwrap();
    let insert = tenant_diesel::sql_query("INSERT INTO orders (v) VALUES (1)");
    tenant_diesel::RunQueryDsl::execute(insert, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin(&scope(2).await).await.unwrap();
    let last = tenant_diesel::sql_query("SELECT lastval()");
    let error = tenant_diesel::RunQueryDsl::execute(last, &mut tx).await.unwrap_err();
    assert!(error.to_string().contains("lastval is not yet defined"), "{error}");
}

#[tokio::test]
async fn twin_on_a_plain_connection_a_sequences_last_value_stays() {
    let database = database().await;
    let mut plain = AsyncPgConnection::establish(&database.superuser_url()).await.unwrap();
    let insert = "BEGIN; INSERT INTO orders (tenant_id, v) VALUES (1, 1); COMMIT";
    plain.batch_execute(insert).await.unwrap();
    let told = "BEGIN; DO $$ BEGIN ASSERT lastval() = 3; END $$; COMMIT";
    plain.batch_execute(told).await.unwrap();
}

#[tokio::test]
async fn single_role_keeps_the_rows_apart_without_any_role_of_ours() {
    let database = TestDatabase::create().await.unwrap();
    let name = database.name();
    let role = format!("{name}_app");
    let create = format!(
        "CREATE ROLE {role} LOGIN; CREATE TABLE plans (id int); \
         CREATE TABLE orders (id serial PRIMARY KEY, v int); ALTER TABLE orders OWNER TO {role}"
    );
    database.session().batch(&create).await.unwrap();
    let layout = Layout::single_role(&role).unwrap();
    let isolation = Isolation::new(&tenancy(), &layout).unwrap();
    database.install(&isolation).await.unwrap();
    let rows = "INSERT INTO orders (tenant_id, v) VALUES (1, 10), (2, 20)";
    database.session().batch(rows).await.unwrap();
    database.install(&isolation).await.unwrap();
    let db =
        TenantDb::builder(&tenancy()).layout(layout).connect(database.url(&role)).await.unwrap();
    let mut tx = db.begin(&scope(1).await).await.unwrap();
    let mut raw = tx.raw_unchecked("the test");
    raw.batch_execute(SEES_ONE).await.unwrap();
    raw.batch_execute("INSERT INTO orders (v) VALUES (11)").await.unwrap();
    assert!(raw.batch_execute("INSERT INTO orders (tenant_id, v) VALUES (2, 1)").await.is_err());
}

#[tokio::test]
async fn single_role_may_be_the_installers_own_and_then_has_no_seal() {
    let database = TestDatabase::create().await.unwrap();
    let name = database.name();
    let role = format!("{name}_app");
    let own = format!("CREATE ROLE {role} LOGIN; ALTER DATABASE {name} OWNER TO {role}");
    database.session().batch(&own).await.unwrap();
    let session = PgSession::connect(database.url(&role)).await.unwrap();
    let create = "CREATE TABLE plans (id int); CREATE TABLE orders (id serial PRIMARY KEY, v int)";
    session.batch(create).await.unwrap();
    let layout = Layout::single_role(&role).unwrap();
    Isolation::new(&tenancy(), &layout).unwrap().apply(&session).await.unwrap();
    let db = TenantDb::builder(&tenancy()).layout(layout.clone());
    let db = db.connect(database.url(&role)).await.unwrap();
    for (tenant, value) in [(1, 10), (2, 20)] {
        let mut tx = db.begin(&scope(tenant).await).await.unwrap();
        let insert = format!("INSERT INTO orders (v) VALUES ({value})");
        tx.raw_unchecked("the test").batch_execute(&insert).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = db.begin(&scope(1).await).await.unwrap();
    tx.raw_unchecked("the test").batch_execute(SEES_ONE).await.unwrap();
    drop(tx);
    // It owns the keys, so there is nothing that it could not sign.
    let sealed = layout.binding(tenant_core::Binding::Sealed);
    Isolation::new(&tenancy(), &sealed).unwrap().apply(&session).await.unwrap();
    let seal = tenant_core::Seal::new(tenant_core::SealKey::new("k1", vec![7; 32]).unwrap());
    let db = TenantDb::builder(&tenancy()).layout(sealed).seal(seal);
    let error = db.connect(database.url(&role)).await.unwrap_err();
    assert!(error.to_string().contains("TEN502"), "{error}");
}

//! What `Isolation` makes is clean, whatever the tables look like.

use tenant_core::{
    Backfill, Isolation, Layout, Lint, Report, Severity, SqlSession, TableName, Tenancy, TenantId,
    TenantKey,
};
use tenant_testkit::TestDatabase;

use crate::{
    fixture::{isolated, isolated_with_one_role, one_role, tenancy},
    undone::Undone,
};

async fn installed(sql: &str, tenancy: &Tenancy, schemas: &[&str]) -> Report {
    let db = TestDatabase::create().await.unwrap();
    db.session().batch(sql).await.unwrap();
    let layout = Layout::new(db.name()).unwrap().schemas(schemas.iter().copied()).unwrap();
    db.install(&Isolation::new(tenancy, &layout).unwrap()).await.unwrap();
    Lint::new(tenancy).layout(&layout).run(db.session()).await.unwrap()
}

#[tokio::test]
async fn the_usual_tables() {
    let db = isolated().await;
    let report = tenant_core::lint(db.session(), &tenancy()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn one_role_for_everything() {
    let db = isolated_with_one_role().await;
    let report = Lint::new(&tenancy()).layout(&one_role(&db)).run(db.session()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn tables_that_had_no_tenant_yet_in_two_schemas_with_other_columns() {
    let tenancy = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(
            TableName::new("Order Lines").and_then(|t| t.in_schema("sales")),
            Some("account id"),
        )
        .tenant_table(TableName::new("notes"), None)
        .shared_table(TableName::new("countries").and_then(|t| t.in_schema("sales")));
    let sql = r#"
        CREATE SCHEMA sales;
        CREATE TABLE orders (id serial PRIMARY KEY, at timestamptz DEFAULT now());
        CREATE TABLE sales."Order Lines" (
            "account id" bigint, id bigserial, sku text, PRIMARY KEY ("account id", id));
        CREATE TABLE notes (id uuid PRIMARY KEY, body text);
        CREATE TABLE sales.countries (code text PRIMARY KEY);"#;
    let report = installed(sql, &tenancy, &["public", "sales"]).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn tenants_with_names_for_keys() {
    let tenancy =
        Tenancy::new(TenantKey::Text).tenant_table(TableName::new("notes"), Some("workspace"));
    let sql = "CREATE TABLE notes (workspace text NOT NULL, n int, PRIMARY KEY (workspace, n));
               CREATE VIEW recent WITH (security_invoker = true) AS SELECT * FROM notes;";
    let report = installed(sql, &tenancy, &["public"]).await;
    assert!(report.is_clean(), "{report}");
}

/// The key that a foreign key with the tenant references is led by the tenant; no index beside it.
#[tokio::test]
async fn tables_that_refer_to_each_other_without_and_with_rows() {
    let tenancy = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(TableName::new("lines"), None);
    let sql = "CREATE TABLE orders (id bigserial PRIMARY KEY, v int);
        CREATE TABLE lines (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders);";
    let report = installed(sql, &tenancy, &["public"]).await;
    assert!(report.is_clean(), "{report}");

    let db = TestDatabase::create().await.unwrap();
    let rows = "INSERT INTO orders (v) VALUES (1); INSERT INTO lines (order_id) VALUES (1);";
    db.session().batch(&format!("{sql}{rows}")).await.unwrap();
    let layout = Layout::new(db.name()).unwrap();
    let orders = TableName::new("orders").unwrap();
    let isolation = Isolation::new(&tenancy, &layout).unwrap();
    let isolation = isolation.backfill(orders, Backfill::Value(TenantId::from(1))).unwrap();
    isolation.plan(db.session()).await.unwrap().run(db.session()).await.unwrap();
    let report = Lint::new(&tenancy).layout(&layout).run(db.session()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn an_empty_declaration() {
    let report = installed("", &Tenancy::new(TenantKey::Uuid), &["public"]).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_partitioned_table() {
    let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("events"), None);
    let sql = "
        CREATE TABLE events (tenant_id uuid, id uuid DEFAULT gen_random_uuid(), day date NOT NULL)
            PARTITION BY RANGE (day);
        CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')
            PARTITION BY HASH (id);
        CREATE TABLE events_old_0 PARTITION OF events_old FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        CREATE TABLE events_rest PARTITION OF events DEFAULT;";
    let report = installed(sql, &tenancy, &["public"]).await;
    // Partitions without row security of their own are what a GRANT would open; nothing worse.
    assert!(report.is_clean(), "{report}");
}

/// Each in the place of our own for SELECT, with our wall behind it.
#[tokio::test]
async fn policies_that_users_have() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    session
        .batch(
            "CREATE SCHEMA auth; CREATE SCHEMA hidden;
             CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
               AS 'SELECT (current_setting(''request.jwt.claims'')::json ->> ''sub'')::uuid';
             CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
               AS 'SELECT current_setting(''request.jwt.claims'')::jsonb';
             CREATE TABLE hidden.members (tenant_id uuid, user_id uuid, role text);",
        )
        .await
        .unwrap();
    for policy in [
        "tenant_id = (SELECT tenancy.current_tenant())",
        "(SELECT tenancy.current_tenant()) = tenant_id",
        "tenant_id = (SELECT tenancy.current_tenant()) AND (total > 0 OR total IS NULL)",
        "tenant_id = (SELECT (current_setting('request.jwt.claims')::json ->> 'tenant_id')::uuid)",
        "tenant_id = (SELECT auth.jwt() -> 'app_metadata' ->> 'tenant_id')::uuid",
        "tenant_id IN (SELECT m.tenant_id FROM hidden.members m WHERE m.user_id = (SELECT auth.uid()))",
        "tenant_id = ANY (ARRAY(SELECT m.tenant_id FROM hidden.members m
           WHERE m.user_id = (SELECT auth.uid()) AND (m.role = 'admin' OR m.role = 'user')))",
        "EXISTS (SELECT FROM hidden.members m WHERE m.tenant_id = invoices.tenant_id
           AND m.user_id = (SELECT auth.uid()))",
    ] {
        let sql = format!("ALTER POLICY tenancy_select ON invoices USING ({policy})");
        session.batch(&sql).await.unwrap();
        let report = tenant_core::lint(&session, &tenancy()).await.unwrap();
        let wrong = report.at_least(Severity::Warning).count();
        assert_eq!(wrong, 0, "{policy}\n{report}");
    }
}

#[tokio::test]
async fn a_database_without_isolation_is_not() {
    let db = TestDatabase::create().await.unwrap();
    db.session().batch(crate::fixture::TABLES).await.unwrap();
    let report = tenant_core::lint(db.session(), &tenancy()).await.unwrap();
    let errors: Vec<_> = report.at_least(Severity::Error).map(|f| f.code).collect();
    assert!(errors.contains(&"TEN001") && errors.contains(&"TEN101"), "{report}");
    assert!(errors.contains(&"TEN501"), "{report}");
}

//! An application as it is found, and ways to look at its database.

use tenant_core::{Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;

/// Customers, orders and lines of tenants, events in partitions; plans for everybody.
pub(crate) fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("customers"), None)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(TableName::new("lines"), Some("account_id"))
        .tenant_table(TableName::new("events"), None)
        .tenant_table(TableName::new("notes").and_then(|t| t.in_schema("Support Desk")), None)
        .shared_table(TableName::new("plans"))
}

pub(crate) const TABLES: &str = r#"
    CREATE SCHEMA "Support Desk";
    CREATE TABLE plans (id int PRIMARY KEY, name text);
    CREATE TABLE customers (id serial PRIMARY KEY, name text, plan int REFERENCES plans);
    CREATE TABLE orders (id serial PRIMARY KEY, customer int NOT NULL REFERENCES customers ON DELETE CASCADE,
        parent int REFERENCES orders ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, total numeric);
    CREATE TABLE lines (id serial PRIMARY KEY, account_id bigint DEFAULT 7,
        order_id int CONSTRAINT of_order REFERENCES orders MATCH FULL ON UPDATE CASCADE);
    CREATE INDEX lines_by_account ON lines (account_id, id);
    CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, customer int REFERENCES customers, at date NOT NULL)
        PARTITION BY RANGE (at);
    CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
        PARTITION BY LIST (customer);
    CREATE TABLE events_2025_rest PARTITION OF events_2025 DEFAULT;
    CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE "Support Desk".notes (id int PRIMARY KEY, body text);
    CREATE TABLE "Support Desk".urgent (due date) INHERITS ("Support Desk".notes);
    CREATE TABLE audit (what text);
    CREATE VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
    CREATE VIEW best AS SELECT * FROM totals ORDER BY total DESC LIMIT 10;
    CREATE VIEW plan_names WITH (security_barrier) AS SELECT name FROM plans;
    CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM orders;
    "#;

/// An application as it is found: owners, grants, default privileges, a policy of its own, and a
/// database from before PostgreSQL 15.
pub(crate) async fn found(database: &TestDatabase) {
    let name = database.name();
    let session = database.session();
    let roles = format!(
        "CREATE ROLE {name}_old NOLOGIN; CREATE ROLE {name}_app LOGIN; CREATE ROLE {name}_reader NOLOGIN;
         GRANT CREATE ON SCHEMA public TO PUBLIC"
    );
    session.batch(&roles).await.unwrap();
    session.batch(TABLES).await.unwrap();
    let grants = format!(
        r#"ALTER TABLE orders OWNER TO {name}_old; ALTER VIEW totals OWNER TO {name}_old;
        GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA public TO {name}_app;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}_app;
        GRANT SELECT ON orders, plans, totals, events_2026, audit TO PUBLIC;
        GRANT SELECT (id, name) ON customers TO PUBLIC;
        GRANT UPDATE (name) ON customers TO {name}_reader WITH GRANT OPTION;
        GRANT SELECT ON orders TO {name}_reader WITH GRANT OPTION;
        SET ROLE {name}_reader; GRANT SELECT ON orders TO {name}_app; RESET ROLE;
        GRANT USAGE ON SEQUENCE orders_id_seq TO PUBLIC;
        GRANT USAGE ON SCHEMA "Support Desk" TO {name}_app, PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {name}_old GRANT INSERT ON TABLES TO PUBLIC;
        CREATE POLICY theirs ON customers FOR SELECT TO {name}_reader USING (name <> '');"#
    );
    session.batch(&grants).await.unwrap();
}

pub(crate) fn layout(database: &TestDatabase) -> Layout {
    Layout::new(database.name()).unwrap()
}

pub(crate) fn isolation(database: &TestDatabase) -> Isolation {
    Isolation::new(&tenancy(), &layout(database)).unwrap()
}

pub(crate) fn single(database: &TestDatabase) -> Isolation {
    let layout = Layout::single_role(&format!("{}_app", database.name())).unwrap();
    Isolation::new(&tenancy(), &layout).unwrap()
}

/// One value of one row, as text.
pub(crate) async fn one(database: &TestDatabase, sql: &str) -> String {
    let sql = format!("SELECT ({sql})::text AS x");
    let rows = database.session().rows(&sql, &[]).await.unwrap();
    rows[0]["x"].as_str().unwrap_or("NULL").to_owned()
}

pub(crate) async fn is_true(database: &TestDatabase, sql: &str) -> bool {
    one(database, sql).await == "true"
}

/// Runs it in a transaction that becomes the tenant role, with this tenant set.
pub(crate) async fn as_tenant(
    database: &TestDatabase,
    tenant: &str,
    sql: &str,
) -> Result<(), tenant_core::SessionError> {
    as_role(database, &format!("{}_tenant", database.name()), tenant, sql).await
}

pub(crate) async fn as_role(
    database: &TestDatabase,
    role: &str,
    tenant: &str,
    sql: &str,
) -> Result<(), tenant_core::SessionError> {
    let all = format!(
        "BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.current_tenant_id = '{tenant}'; {sql}; COMMIT"
    );
    database.session().batch(&all).await
}

/// The same, which must answer with this count.
pub(crate) async fn counts(database: &TestDatabase, role: &str, tenant: &str, from: &str) -> i64 {
    let session = database.session().dedicated().await.unwrap();
    let begin =
        format!("BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.current_tenant_id = '{tenant}'");
    session.batch(&begin).await.unwrap();
    let rows = session.rows(&format!("SELECT count(*) AS n FROM {from}"), &[]).await.unwrap();
    rows[0]["n"].as_i64().unwrap()
}

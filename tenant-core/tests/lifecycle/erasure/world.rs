//! A database with 24 tenants and everything that makes an erasure hard: composite keys, a self
//! reference, a cycle, partitions, a child of inheritance, names that want quotes.

use tenant_core::{
    Binding, Erasure, Isolation, Layout, SqlSession, TableName, Tenancy, TenantId, TenantKey,
};
use tenant_testkit::{TestDatabase, TestSession};

pub(super) struct World {
    pub(super) database: TestDatabase,
}

pub(super) const TABLES: [&str; 9] = [
    "customers",
    "departments",
    "employees",
    "orders",
    "lines",
    "events",
    "notes",
    r#""Odd "" schema"."Odd "" table""#,
    "links",
];

pub(super) fn tenancy() -> Tenancy {
    let odd = TableName::new("Odd \" table").and_then(|table| table.in_schema("Odd \" schema"));
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("customers"), None)
        .tenant_table(TableName::new("departments"), None)
        .tenant_table(TableName::new("employees"), None)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(TableName::new("lines"), Some("account_id"))
        .tenant_table(TableName::new("events"), None)
        .tenant_table(TableName::new("notes"), None)
        .tenant_table(odd, None)
        .tenant_table(TableName::new("links"), None)
        .shared_table(TableName::new("regions"))
        .shared_table(TableName::new("badges"))
}

const SCHEMA: &str = r#"
    CREATE SCHEMA "Odd "" schema";
    CREATE TABLE regions (id int PRIMARY KEY);
    CREATE TABLE customers (id int PRIMARY KEY, name text, referrer int REFERENCES customers);
    CREATE TABLE departments (id int PRIMARY KEY, head int NOT NULL);
    CREATE TABLE employees (id int PRIMARY KEY, department int NOT NULL REFERENCES departments ON DELETE RESTRICT,
        manager int REFERENCES employees);
    ALTER TABLE departments ADD CONSTRAINT headed FOREIGN KEY (head) REFERENCES employees DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, region int REFERENCES regions);
    CREATE TABLE lines (id int, order_id int REFERENCES orders ON DELETE CASCADE, amount numeric, twice numeric
        GENERATED ALWAYS AS (amount * 2) STORED, PRIMARY KEY (id, order_id));
    CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, customer int REFERENCES customers, at date NOT NULL)
        PARTITION BY RANGE (at);
    CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE events_rest PARTITION OF events DEFAULT;
    CREATE TABLE notes (id int, body text);
    CREATE TABLE urgent (due date) INHERITS (notes);
    CREATE TABLE "Odd "" schema"."Odd "" table" ("Odd "" id" int PRIMARY KEY, customer int REFERENCES customers);
    CREATE TABLE links (id int PRIMARY KEY, previous int NOT NULL REFERENCES links);
    CREATE TABLE badges (id int PRIMARY KEY);"#;

/// `t` is the tenant, `n` the row.
const ROWS: &str = r#"BEGIN;
    CREATE TEMP TABLE rows AS SELECT t, n, t * 1000 + n AS id FROM generate_series(1, 24) AS t, generate_series(1, {rows}) AS n;
    INSERT INTO regions VALUES (1);
    INSERT INTO tenancy.tenants (id, slug, name) SELECT t, 'tenant-' || t, 'Tenant ' || t FROM generate_series(1, 24) AS t;
    INSERT INTO tenancy.members SELECT t, 'user-' || n FROM rows WHERE n < 3;
    INSERT INTO customers (id, tenant_id, name, referrer) SELECT id, t, 'c' || id, nullif(id - 1, t * 1000) FROM rows;
    INSERT INTO departments (id, tenant_id, head) SELECT id, t, id FROM rows;
    INSERT INTO employees (id, tenant_id, department, manager) SELECT id, t, id, CASE WHEN n > 1 THEN id - 1 END FROM rows;
    INSERT INTO orders (id, tenant_id, customer, region) SELECT id, t, id, 1 FROM rows;
    INSERT INTO lines (id, account_id, order_id, amount) SELECT l, t, id, l FROM rows, generate_series(1, 3) AS l;
    INSERT INTO events (tenant_id, customer, at) SELECT t, id, date '2025-06-01' + n * 20 FROM rows;
    INSERT INTO notes (id, tenant_id, body) SELECT id, t, 'n' FROM rows;
    INSERT INTO urgent (id, tenant_id, body, due) SELECT id, t, 'u', now() FROM rows;
    INSERT INTO "Odd "" schema"."Odd "" table" ("Odd "" id", tenant_id, customer) SELECT id, t, id FROM rows;
    INSERT INTO links (id, tenant_id, previous) SELECT id, t, t * 1000 + (n + {rows} - 2) % {rows} + 1 FROM rows;
    INSERT INTO badges (id) SELECT id FROM rows WHERE n = 1;
    COMMIT"#;

impl World {
    pub(super) async fn open() -> Self {
        Self::with(20, Binding::SetConfig).await
    }

    pub(super) async fn with(rows: usize, binding: Binding) -> Self {
        let database = TestDatabase::create().await.unwrap();
        database.session().batch(SCHEMA).await.unwrap();
        let layout = Layout::new(database.name()).unwrap().binding(binding);
        database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
        database.session().batch(&ROWS.replace("{rows}", &rows.to_string())).await.unwrap();
        Self { database }
    }

    pub(super) fn admin(&self) -> TestSession {
        self.database.session_as(&self.admin_role())
    }

    pub(super) fn admin_role(&self) -> String {
        format!("{}_admin", self.database.name())
    }

    pub(super) async fn run(&self, sql: &str) {
        self.database.session().batch(sql).await.unwrap();
    }

    /// One value of one row, as text, as a superuser sees it.
    pub(super) async fn one(&self, sql: &str) -> String {
        let sql = format!("SELECT ({sql})::text AS x");
        let rows = self.database.session().rows(&sql, &[]).await.unwrap();
        rows[0]["x"].as_str().unwrap_or("NULL").to_owned()
    }

    /// Rows of this tenant in all tables, the registry's included.
    pub(super) async fn rows_of(&self, tenant: i64) -> u64 {
        let mut counts: Vec<String> = TABLES
            .iter()
            .map(|table| {
                let column = if *table == "lines" { "account_id" } else { "tenant_id" };
                format!("(SELECT count(*) FROM {table} WHERE {column} = {tenant})")
            })
            .collect();
        counts.push(format!("(SELECT count(*) FROM tenancy.members WHERE tenant_id = {tenant})"));
        counts.push(format!("(SELECT count(*) FROM tenancy.tenants WHERE id = {tenant})"));
        self.one(&counts.join(" + ")).await.parse().unwrap()
    }

    /// Of every table, for every tenant but this one.
    pub(super) async fn checksums(&self, but: i64) -> Vec<String> {
        let mut sums = Vec::new();
        for table in TABLES.iter().copied().chain(["tenancy.members", "tenancy.tenants", "regions"])
        {
            let column = match table {
                "lines" => "account_id",
                "tenancy.tenants" => "id",
                "regions" => "0",
                _ => "tenant_id",
            };
            let sql = format!(
                "SELECT string_agg(format('%s %s %s', tenant, n, sum), E'\\n' ORDER BY tenant) FROM (\
                 SELECT {column} AS tenant, count(*) AS n, md5(string_agg(t::text, ',' ORDER BY t::text)) AS sum \
                 FROM {table} AS t WHERE {column} <> {but} GROUP BY 1) AS s"
            );
            sums.push(format!("{table}: {}", self.one(&sql).await));
        }
        sums
    }
}

pub(super) fn erasure(tenant: i64) -> Erasure {
    Erasure::new(&tenancy(), TenantId::from(tenant))
}

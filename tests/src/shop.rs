//! A small shop: `plans` and `features` are shared, `projects` and `invoices` belong to tenants.

use std::time::Duration;

use tenant_core::{
    Isolation, Layout, Principal, SqlSession, StaticRegistry, Tenancy, TenantId, TenantKey,
    TenantRecord, TenantScope, Verified,
};
use tenant_testkit::TestDatabase;
use uuid::Uuid;

/// The tables without any tenant; the isolation adds the column.
const SCHEMA: &str = "
    CREATE TABLE plans (id int PRIMARY KEY, name text NOT NULL, price int NOT NULL);
    CREATE TABLE features (
        id int PRIMARY KEY, plan_id int NOT NULL REFERENCES plans, code text NOT NULL
    );
    CREATE TABLE projects (id bigserial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE invoices (
        id bigserial PRIMARY KEY, project_id bigint NOT NULL, plan_id int NOT NULL,
        amount int NOT NULL, note text
    );
    CREATE TABLE undeclared (id int PRIMARY KEY);
    INSERT INTO plans VALUES (1, 'free', 0), (2, 'pro', 10);
    INSERT INTO features VALUES (1, 1, 'mail'), (2, 2, 'api'), (3, 2, 'sso');
";

/// The shop's database, isolated, with two tenants that each have a project and five invoices.
#[derive(Debug)]
pub struct Shop {
    /// The database.
    pub database: TestDatabase,
    /// The first tenant.
    pub a: TenantId,
    /// The second tenant.
    pub b: TenantId,
}

impl Shop {
    /// A new shop whose tenants have UUIDs.
    pub async fn open(tenancy: &Tenancy) -> Self {
        let a = TenantId::from(Uuid::from_u128(0xa));
        let b = TenantId::from(Uuid::from_u128(0xb));
        Self::with(tenancy, a, b, Layout::new).await
    }

    /// A new shop with these tenants, and names made from the database's name.
    pub async fn with(
        tenancy: &Tenancy,
        a: TenantId,
        b: TenantId,
        layout: impl Fn(&str) -> Result<Layout, tenant_core::Error>,
    ) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let layout = layout(database.name()).unwrap();
        Self::on(database, tenancy, a, b, &layout).await
    }

    /// A new shop whose tenants have UUIDs, and where one role does everything: it may write the
    /// shared tables, too.
    pub async fn under_one_role(tenancy: &Tenancy) -> (Self, Layout) {
        let database = TestDatabase::create().await.unwrap();
        let role = format!("{}_login", database.name());
        let create = format!("CREATE ROLE {role} LOGIN");
        database.session().batch(&create).await.unwrap();
        let layout = Layout::single_role(&role).unwrap();
        let [a, b] = [0xa, 0xb].map(|id| TenantId::from(Uuid::from_u128(id)));
        let shop = Self::on(database, tenancy, a, b, &layout).await;
        let grant = format!("GRANT ALL ON plans, features TO {role}");
        shop.database.session().batch(&grant).await.unwrap();
        (shop, layout)
    }

    async fn on(
        database: TestDatabase,
        tenancy: &Tenancy,
        a: TenantId,
        b: TenantId,
        layout: &Layout,
    ) -> Self {
        let session = database.session();
        session.batch(SCHEMA).await.unwrap();
        database.install(&Isolation::new(tenancy, layout).unwrap()).await.unwrap();
        for tenant in [&a, &b] {
            let id = tenant_core::quote_literal(&tenant.to_string());
            session
                .batch(&format!(
                    "INSERT INTO projects (tenant_id, name) VALUES ({id}, 'first');
                     INSERT INTO invoices (tenant_id, project_id, plan_id, amount)
                     SELECT {id}, p.id, 1, n FROM projects p, generate_series(1, 5) n
                     WHERE p.tenant_id = {id};"
                ))
                .await
                .unwrap();
        }
        Self { database, a, b }
    }

    /// The application's address: its login role.
    pub fn url(&self) -> String {
        self.database.url(&format!("{}_login", self.database.name()))
    }

    /// A verified scope.
    pub async fn scope(&self, tenant: &TenantId) -> TenantScope<Verified> {
        let registry = StaticRegistry::new([TenantRecord::new(tenant.clone(), "tenant")]);
        let claim = TenantScope::claim(tenant.clone(), Principal::System("test".into()));
        claim.verify(&registry).await.unwrap()
    }

    /// One text from the database, as the superuser sees it.
    pub async fn ask(&self, sql: &str) -> String {
        let rows = self.database.session().rows(sql, &[]).await.unwrap();
        let row = rows.into_iter().next().unwrap_or_default();
        match row.into_iter().next() {
            Some((_, serde_json::Value::String(text))) => text,
            Some((_, value)) => value.to_string(),
            None => String::new(),
        }
    }

    /// How many rows a table has, of all tenants.
    pub async fn count(&self, table: &str) -> i64 {
        self.ask(&format!("SELECT count(*) FROM {table}")).await.parse().unwrap()
    }

    /// Waits until no connection of the application is inside a transaction. The server answers
    /// each question at once; between two of them it gets a moment to notice a closed socket.
    pub async fn settled(&self) {
        self.until_none("AND (xact_start IS NOT NULL OR state <> 'idle')").await;
    }

    /// Waits until the application has no connection any more, so that whatever was sent on one is
    /// done.
    pub async fn left(&self) {
        self.until_none("").await;
    }

    async fn until_none(&self, like_this: &str) {
        let open = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' \
             AND usename <> current_user {like_this}",
            self.database.name()
        );
        for _ in 0..500 {
            if self.ask(&open).await == "0" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a connection of the application is still there after five seconds: {like_this}");
    }

    /// The kind of key that the shop's tenants have.
    pub fn key(&self) -> TenantKey {
        self.a.key()
    }
}

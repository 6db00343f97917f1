//! A shop with two tenants.

use tenant_core::{
    Binding, Isolation, Layout, SessionError, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_testkit::{TestDatabase, TestSession};

pub(crate) struct Shop {
    pub(crate) database: TestDatabase,
}

pub(crate) fn tenancy(key: TenantKey) -> Tenancy {
    Tenancy::new(key)
        .tenant_table(TableName::new("customers"), None)
        .tenant_table(TableName::new("orders"), None)
        .shared_table(TableName::new("plans"))
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(TenantKey::Bigint, Binding::SetConfig).await
    }

    /// The same with ids of this type, and tenants set like this.
    pub(crate) async fn with(key: TenantKey, binding: Binding) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let tables = "CREATE TABLE plans (id int PRIMARY KEY);
            CREATE TABLE customers (id serial PRIMARY KEY, name text);
            CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers, total numeric)";
        database.session().batch(tables).await.unwrap();
        let layout = Layout::new(database.name()).unwrap().binding(binding);
        database.install(&Isolation::new(&tenancy(key), &layout).unwrap()).await.unwrap();
        Self { database }
    }

    /// A session with the admin's login.
    pub(crate) fn admin(&self) -> TestSession {
        self.database.session_as(&self.role("admin"))
    }

    /// One value of one row, as text, as a superuser sees it.
    pub(crate) async fn one(&self, sql: &str) -> String {
        let sql = format!("SELECT ({sql})::text AS x");
        let rows = self.database.session().rows(&sql, &[]).await.unwrap();
        rows[0]["x"].as_str().unwrap_or("NULL").to_owned()
    }

    pub(crate) fn role(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.database.name())
    }
}

/// One statement, as this role.
pub(crate) async fn as_role(shop: &Shop, role: &str, sql: &str) -> Result<(), SessionError> {
    let all = format!("BEGIN; SET LOCAL ROLE {}; {sql}; COMMIT", shop.role(role));
    shop.database.session().batch(&all).await
}

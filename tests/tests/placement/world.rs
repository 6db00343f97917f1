//! Databases in which tenants live in every placement.

use tenant_core::{
    Isolation, Layout, Placement, Principal, SqlSession, StaticRegistry, Tenancy, TenantRecord,
    TenantScope, Verified, quote_ident, quote_literal,
};
use tenant_testkit::TestDatabase;
use uuid::Uuid;

/// The application's own tables, wherever the path leads.
pub(crate) const TABLES: &str = "
    CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, mood mood NOT NULL);
    CREATE TABLE orders (id bigserial PRIMARY KEY, total bigint NOT NULL,
        customer_id bigint NOT NULL REFERENCES customers);";

/// What is everybody's.
const COMMON: &str = "
    CREATE SCHEMA common;
    CREATE TYPE common.mood AS ENUM ('happy', 'sad');
    GRANT USAGE ON TYPE common.mood TO PUBLIC;
    CREATE TABLE common.plans (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO common.plans VALUES (1, 'free'), (2, 'pro');";

/// One database and the names that it was installed with.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) layout: Layout,
    tenancy: Tenancy,
}

impl World {
    /// A database whose shared tables have a schema of their own, under its own names.
    pub(crate) async fn open() -> Self {
        let database = TestDatabase::create().await.unwrap();
        let prefix = database.name().to_owned();
        Self::with(database, &prefix).await
    }

    /// The same with a role for each tenant's own schema.
    pub(crate) async fn with_schema_roles() -> Self {
        let database = TestDatabase::create().await.unwrap();
        let layout = Layout::new(database.name()).unwrap().schema_roles();
        Self::installed(database, layout.shared_schema("common").unwrap()).await
    }

    /// Another database under the names of the first: roles belong to the whole server.
    pub(crate) async fn beside(first: &World) -> Self {
        let database = TestDatabase::create().await.unwrap();
        Self::with(database, first.database.name()).await
    }

    async fn with(database: TestDatabase, prefix: &str) -> Self {
        let layout = Layout::new(prefix).unwrap().shared_schema("common").unwrap();
        Self::installed(database, layout).await
    }

    async fn installed(database: TestDatabase, layout: Layout) -> Self {
        let tables = format!("{COMMON} SET search_path = public, common; {TABLES}");
        database.session().batch(&tables).await.unwrap();
        let world = Self { database, layout, tenancy: crate::diesel_app::TENANCY.clone() };
        world.database.install(&world.isolation()).await.unwrap();
        world
    }

    pub(crate) fn isolation(&self) -> Isolation {
        Isolation::new(&self.tenancy, &self.layout).unwrap()
    }

    /// A tenant's own schema, with its tables and their walls.
    pub(crate) async fn schema(&self, name: &str) {
        self.tables_in(name, TABLES).await;
        self.isolation().apply_schema(self.database.session(), name).await.unwrap();
    }

    /// A schema with these tables, and no walls.
    pub(crate) async fn tables_in(&self, name: &str, tables: &str) {
        let ident = quote_ident(name).unwrap();
        let sql = format!(
            "CREATE SCHEMA {ident}; SET search_path = {ident}, common; {tables} SET search_path = public"
        );
        self.database.session().batch(&sql).await.unwrap();
    }

    pub(crate) fn login(&self) -> String {
        self.database.url(self.layout.roles().login())
    }

    pub(crate) async fn diesel(&self) -> tenant_diesel::TenantDb {
        self.diesel_at(self.login(), 1).await
    }

    pub(crate) async fn diesel_at(&self, url: String, connections: u32) -> tenant_diesel::TenantDb {
        let db = tenant_diesel::TenantDb::builder(&self.tenancy).layout(self.layout.clone());
        db.max_connections(connections).connect(url).await.unwrap()
    }

    pub(crate) async fn seaorm(&self) -> tenant_seaorm::TenantDb {
        self.seaorm_at(self.login(), 1).await
    }

    pub(crate) async fn seaorm_at(&self, url: String, connections: u32) -> tenant_seaorm::TenantDb {
        let tenancy = &crate::seaorm_app::TENANCY;
        let db = tenant_seaorm::TenantDb::builder(tenancy).layout(self.layout.clone());
        db.max_connections(connections).connect(url).await.unwrap()
    }

    /// How many rows a table has, as a superuser sees it.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) AS n FROM {table}");
        self.database.session().rows(&sql, &[]).await.unwrap()[0]["n"].as_i64().unwrap()
    }

    /// A row of this tenant's customers, in this schema, written by a superuser.
    pub(crate) async fn customer(&self, schema: &str, tenant: u128, name: &str) {
        let sql = format!(
            "INSERT INTO {}.customers (tenant_id, name, mood) VALUES ('{}', {}, 'happy')",
            quote_ident(schema).unwrap(),
            Uuid::from_u128(tenant),
            quote_literal(name)
        );
        self.database.session().batch(&sql).await.unwrap();
    }
}

/// A verified scope of a tenant that lives there.
pub(crate) async fn at(id: u128, placement: Placement) -> TenantScope<Verified> {
    let record = TenantRecord::new(Uuid::from_u128(id), format!("t{id}")).placement(placement);
    let claim = TenantScope::claim(record.id.clone(), Principal::System("test".into()));
    claim.verify(&StaticRegistry::new([record])).await.unwrap()
}

pub(crate) async fn shared(id: u128) -> TenantScope<Verified> {
    at(id, Placement::default()).await
}

pub(crate) async fn schema(id: u128, name: &str) -> TenantScope<Verified> {
    at(id, Placement::schema(Placement::MAIN, name).unwrap()).await
}

//! The tables of these tests, and a database with them per test.

#![allow(dead_code, unreachable_pub)] // not every test file uses all of it

use std::time::Duration;

use tenant_seaorm::{
    Isolation, Layout, Principal, SqlSession as _, StaticRegistry, TenantDb, TenantDbBuilder,
    TenantRecord, TenantScope, Verified,
};
use tenant_testkit::TestDatabase;
use uuid::{Uuid, uuid};

pub mod entity;
pub mod pooled;

pub use entity::TENANCY;

pub const A: Uuid = uuid!("11111111-1111-1111-1111-111111111111");
pub const B: Uuid = uuid!("22222222-2222-2222-2222-222222222222");

/// The connection with which a pool looks for a pooler, when it opens.
pub const LOOKED: usize = 1;

const SCHEMA: &str = "
    CREATE TABLE plan (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE feature (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE plan_feature (plan_id int NOT NULL REFERENCES plan, feature_id int NOT NULL REFERENCES feature,
                               PRIMARY KEY (plan_id, feature_id));
    CREATE TABLE company (id uuid PRIMARY KEY, name text NOT NULL, plan_id int NOT NULL REFERENCES plan);
    CREATE TABLE customer (id serial PRIMARY KEY, tenant_id uuid NOT NULL, name text NOT NULL);
    CREATE TABLE invoice (id serial PRIMARY KEY, tenant_id uuid NOT NULL,
                          customer_id int NOT NULL REFERENCES customer, amount int NOT NULL);
    CREATE TABLE line_item (id serial PRIMARY KEY, tenant_id uuid NOT NULL,
                            invoice_id int NOT NULL REFERENCES invoice, sku text NOT NULL,
                            UNIQUE (tenant_id, sku) DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE undeclared (id int PRIMARY KEY);
    INSERT INTO plan VALUES (1, 'free'), (2, 'pro');
    INSERT INTO feature (name) VALUES ('export'), ('sso');
    INSERT INTO plan_feature VALUES (1, 1), (2, 1), (2, 2);
    INSERT INTO company VALUES ('11111111-1111-1111-1111-111111111111', 'acme', 1),
                               ('22222222-2222-2222-2222-222222222222', 'globex', 2);
    INSERT INTO customer (tenant_id, name) VALUES
        ('11111111-1111-1111-1111-111111111111', 'a-cust'), ('22222222-2222-2222-2222-222222222222', 'b-cust');
    INSERT INTO invoice (tenant_id, customer_id, amount) VALUES
        ('11111111-1111-1111-1111-111111111111', 1, 100), ('11111111-1111-1111-1111-111111111111', 1, 200),
        ('22222222-2222-2222-2222-222222222222', 2, 900);
";

/// A database with the tables, the isolation installed under its name, and two tenants' rows.
pub struct World {
    pub db: TestDatabase,
    pub layout: Layout,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDatabase::from_template("seaorm", async |template: &TestDatabase| {
            template.session().batch(SCHEMA).await?;
            Ok(())
        })
        .await
        .unwrap();
        let layout = Layout::new(db.name()).unwrap();
        db.install(&Isolation::new(&TENANCY, &layout).unwrap()).await.unwrap();
        Self { db, layout }
    }

    /// The pool as an application makes it.
    pub async fn connect(&self) -> TenantDb {
        TenantDb::connect(self.url(), &TENANCY).await.unwrap()
    }

    /// A pool of one connection, so that whoever comes next gets the same.
    pub async fn connect_one(&self) -> TenantDb {
        Self::one().connect(self.url()).await.unwrap()
    }

    pub fn one() -> TenantDbBuilder {
        TenantDb::builder(&TENANCY).max_connections(1).acquire_timeout(Duration::from_secs(10))
    }

    pub fn url(&self) -> String {
        self.db.url(self.layout.roles().login())
    }

    /// The number that a query of the superuser gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = format!("SELECT ({sql})::bigint AS n");
        let rows = self.db.session().rows(&sql, &[]).await.unwrap();
        rows[0]["n"].as_i64().unwrap()
    }

    /// How many connections of the application are inside of a transaction right now.
    pub async fn in_transaction(&self) -> i64 {
        self.number(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}' AND xact_start IS NOT NULL",
            self.layout.roles().login()
        ))
        .await
    }

    /// Waits, for five seconds at most, until no connection is inside of a transaction.
    pub async fn settled(&self) {
        for _ in 0..500 {
            if self.in_transaction().await == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a connection is still inside of a transaction");
    }
}

pub async fn scope(id: Uuid) -> TenantScope<Verified> {
    let registry =
        StaticRegistry::new([TenantRecord::new(A, "acme"), TenantRecord::new(B, "globex")]);
    TenantScope::claim(id, Principal::System("test".into())).verify(&registry).await.unwrap()
}

/// Who the transaction says it is for, whatever Rust believes.
pub async fn tenant_of(tx: &tenant_seaorm::TenantTransaction) -> String {
    tx.raw("SELECT current_setting('app.current_tenant_id', true)", [])
        .into_tuple::<String>()
        .one()
        .await
        .unwrap()
        .unwrap()
}

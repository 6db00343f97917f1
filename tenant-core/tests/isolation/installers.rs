//! Installers that are no superusers, and several at once.

use async_trait::async_trait;
use tenant_core::{Isolation, JsonRow, SessionError, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::{TestDatabase, TestSession};

use crate::{
    fixture::{TABLES, as_tenant, counts, isolation, one},
    plan::{ROWS, filled},
};

/// Sessions of a login that is not the superuser.
pub(crate) struct As {
    session: TestSession,
    role: String,
}

#[async_trait]
impl SqlSession for As {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.dedicated().await?.batch(sql).await
    }
    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        self.dedicated().await?.rows(sql, params).await
    }
    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        let session = self.session.dedicated().await?;
        session.batch(&format!("SET SESSION AUTHORIZATION {}", self.role)).await?;
        Ok(session)
    }
}

/// A login that owns database and tables and may make roles.
pub(crate) async fn owner(database: &TestDatabase) -> As {
    let name = database.name();
    let role = format!("{name}_installer");
    let installer = format!(
        "CREATE ROLE {role} LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {role}; ALTER SCHEMA public OWNER TO {role}"
    );
    database.session().batch(&installer).await.unwrap();
    As { session: database.session().clone(), role }
}

#[tokio::test]
async fn the_owner_of_tables_with_rows_plans_runs_and_reverts() {
    let database = TestDatabase::create().await.unwrap();
    let installer = owner(&database).await;
    installer.batch(TABLES).await.unwrap();
    installer.batch(ROWS).await.unwrap();
    let isolation = filled(isolation(&database));
    isolation.plan(&installer).await.unwrap().run(&installer).await.unwrap();
    let left = isolation.plan(&installer).await.unwrap();
    assert!(left.is_empty(), "{left}");
    assert_eq!(isolation.diff(&installer).await.unwrap(), []);
    isolation.apply(&installer).await.unwrap();
    isolation.revert(&installer).await.unwrap();
    assert_eq!(one(&database, "to_regnamespace('tenancy')").await, "NULL");
}

#[tokio::test]
async fn several_installers_at_once_take_turns() {
    let database = TestDatabase::create().await.unwrap();
    let installer = owner(&database).await;
    installer.batch(TABLES).await.unwrap();
    installer.batch(ROWS).await.unwrap();
    let isolation = filled(isolation(&database));
    let one = || async { isolation.apply(&installer).await };
    let (a, b, c) = tokio::join!(one(), one(), one());
    for outcome in [a, b, c] {
        outcome.unwrap();
    }
    assert_eq!(isolation.diff(&installer).await.unwrap(), []);
}

#[tokio::test]
async fn a_view_in_a_declared_tables_place_runs_nothing_as_the_installer() {
    let database = TestDatabase::create().await.unwrap();
    let (name, session) = (database.name(), database.session());
    let planted = format!(
        "CREATE ROLE {name}_mallory; GRANT CREATE ON SCHEMA public TO {name}_mallory; SET ROLE {name}_mallory;
         CREATE FUNCTION seen() RETURNS bigint LANGUAGE plpgsql AS
           'BEGIN RAISE EXCEPTION ''it runs as %'', current_user; END';
         CREATE VIEW orders AS SELECT id, tenant_id FROM (SELECT 1 AS id, public.seen() AS tenant_id OFFSET 0) AS x;
         RESET ROLE"
    );
    session.batch(&planted).await.unwrap();
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("orders"), None);
    let isolation = Isolation::new(&tenancy, &crate::fixture::layout(&database)).unwrap();
    let error = session.batch(&isolation.up()).await.unwrap_err().to_string();
    assert!(error.contains("is none, but a view"), "{error}");
    session.batch("ROLLBACK").await.unwrap();
    let error = isolation.apply(session).await.unwrap_err().to_string();
    assert!(error.contains("is none, but a view"), "{error}");
    // The twin: looking for rows without a tenant is enough.
    let error = session.rows("SELECT FROM orders WHERE tenant_id IS NULL", &[]).await.unwrap_err();
    assert!(error.to_string().contains("it runs as postgres"), "{error}");
}

#[tokio::test]
async fn a_tenant_column_in_which_different_texts_are_equal_is_refused() {
    let database = TestDatabase::create().await.unwrap();
    let any_case = "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE orders (tenant_id text COLLATE any_case NOT NULL, total int)";
    // Without ICU there is no such collation, and no such column.
    let icu = "SELECT FROM pg_collation WHERE collname LIKE '%-x-icu' LIMIT 1";
    if database.session().rows(icu, &[]).await.unwrap().is_empty() {
        println!("left out: this server is built without ICU");
        return;
    }
    database.session().batch(any_case).await.unwrap();
    let tenancy = Tenancy::new(TenantKey::Text).tenant_table(TableName::new("orders"), None);
    let isolation = Isolation::new(&tenancy, &crate::fixture::layout(&database)).unwrap();
    let error = database.install(&isolation).await.unwrap_err();
    assert!(format!("{error:?}").contains("takes different texts for equal"), "{error:?}");
    // The twin: with its policies and all, each of the two sees both.
    let session = database.session();
    session
        .batch("ALTER TABLE orders ALTER COLUMN tenant_id TYPE text COLLATE \"C\"")
        .await
        .unwrap();
    database.install(&isolation).await.unwrap();
    let role = format!("{}_tenant", database.name());
    for tenant in ["acme", "ACME"] {
        as_tenant(&database, tenant, "INSERT INTO orders VALUES (DEFAULT, 1)").await.unwrap();
    }
    assert_eq!(counts(&database, &role, "acme", "orders").await, 1);
    let policies = "CREATE TABLE equal (tenant_id text COLLATE any_case);
        INSERT INTO equal SELECT tenant_id FROM orders;
        ALTER TABLE equal ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON equal USING (tenant_id = (SELECT tenancy.current_tenant()));";
    session.batch(&format!("{policies} GRANT SELECT ON equal TO {role}")).await.unwrap();
    assert_eq!(counts(&database, &role, "acme", "equal").await, 2);
}

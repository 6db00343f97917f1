//! Installers that are no superusers, and several at once.

use async_trait::async_trait;
use tenant_core::{JsonRow, SessionError, SqlSession};
use tenant_testkit::{PgAdmin, TestDatabase};

use crate::{
    fixture::{TABLES, isolation, one},
    plan::{ROWS, filled},
};

/// Sessions of a login that is not the superuser.
struct As {
    session: PgAdmin,
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
async fn owner(database: &TestDatabase) -> As {
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

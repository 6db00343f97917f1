//! A session whose transaction is never committed, so that many examples share one database.

use std::sync::Arc;

use async_trait::async_trait;
use tenant_core::{JsonRow, SessionError, SqlSession};
use tenant_testkit::TestDatabase;

/// Everything that is done through it is undone by [`undo`](Self::undo). What asks for a connection
/// of its own gets this one, with a savepoint for its transaction.
#[derive(Clone)]
pub(crate) struct Undone {
    session: Arc<dyn SqlSession>,
}

impl Undone {
    pub(crate) async fn begin(db: &TestDatabase) -> Result<Self, SessionError> {
        let session: Arc<dyn SqlSession> = db.session().dedicated().await?.into();
        session.batch("BEGIN").await?;
        Ok(Self { session })
    }

    pub(crate) async fn undo(&self) -> Result<(), SessionError> {
        self.session.batch("ROLLBACK; BEGIN").await
    }
}

#[async_trait]
impl SqlSession for Undone {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        if let Some(rest) = sql.strip_prefix("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;") {
            self.session.batch(&format!("SAVEPOINT own;{rest}")).await
        } else if sql == "ROLLBACK" {
            self.session.batch("ROLLBACK TO SAVEPOINT own").await
        } else {
            self.session.batch(sql).await
        }
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        self.session.rows(sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Ok(Box::new(self.clone()))
    }
}

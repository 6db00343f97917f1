//! A session of any role, over tokio-postgres: what an adapter's `PgSession` is to an application.

use async_trait::async_trait;
use tenant_core::{JsonRow, SessionError, SqlSession, rows_as_json, rows_from_json};
use tokio_postgres::{Client, NoTls};

/// One connection. Dropping it closes it.
pub(crate) struct RoleSession {
    url: String,
    client: Client,
}

impl RoleSession {
    pub(crate) async fn connect(url: String) -> Result<Self, SessionError> {
        let (client, connection) =
            tokio_postgres::connect(&url, NoTls).await.map_err(SessionError::driver)?;
        tokio::spawn(connection);
        Ok(Self { url, client })
    }
}

fn said(error: tokio_postgres::Error) -> SessionError {
    let state = error.code().map(|code| code.code().to_owned());
    SessionError::driver(error).sqlstate(state)
}

#[async_trait]
impl SqlSession for RoleSession {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.client.batch_execute(sql).await.map_err(said)
    }

    async fn rows(&self, sql: &str, _: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        let row = self.client.query_one(&rows_as_json(sql), &[]).await.map_err(said)?;
        rows_from_json(row.get(0))
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Ok(Box::new(Self::connect(self.url.clone()).await?))
    }
}

//! Core's port for migrations, over SQL files and this program's own connections: with TLS, and with an
//! end when the user has had enough. Diesel's ledger is what counts, so its own tool and this one see
//! each other's work.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use tenant_core::{
    MigrateTarget, MigrationStep, MigrationTarget, OpenTarget, SessionError, SqlSession,
};

use super::files::SqlFile;
use crate::session::PgSession;

/// As Diesel makes it.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
     version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";

const THERE: &str = "SELECT 1 AS is WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL";

/// The same files for every place.
pub(super) struct SqlMigrator {
    files: Arc<[SqlFile]>,
    databases: BTreeMap<String, PgSession>,
}

impl SqlMigrator {
    /// With a session for every database that has a place.
    pub(super) fn new(files: Vec<SqlFile>, databases: BTreeMap<String, PgSession>) -> Self {
        Self { files: files.into(), databases }
    }
}

#[async_trait]
impl MigrateTarget for SqlMigrator {
    fn migrations(&self) -> Result<Vec<MigrationStep>, SessionError> {
        let step = |file: &SqlFile| MigrationStep::new(&file.name, file.in_transaction);
        Ok(self.files.iter().map(step).collect())
    }

    async fn open(&self, target: &MigrationTarget) -> Result<Box<dyn OpenTarget>, SessionError> {
        let unknown = || SessionError::driver("nobody knows where this database is");
        let session = self.databases.get(&target.database).ok_or_else(unknown)?;
        let session = session.dedicated().await?;
        Ok(Box::new(Open { session, files: Arc::clone(&self.files) }))
    }
}

struct Open {
    session: Box<dyn SqlSession>,
    files: Arc<[SqlFile]>,
}

#[async_trait]
impl OpenTarget for Open {
    fn session(&self) -> &dyn SqlSession {
        &*self.session
    }

    async fn applied(&self) -> Result<Vec<String>, SessionError> {
        if self.session.rows(THERE, &[]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let sql = "SELECT version FROM __diesel_schema_migrations";
        let versions = self.session.rows(sql, &[]).await?;
        let versions: Vec<&str> =
            versions.iter().filter_map(|row| row.get("version")?.as_str()).collect();
        let applied = self.files.iter().filter(|file| versions.contains(&&*file.version));
        Ok(applied.map(|file| file.name.clone()).collect())
    }

    /// Statement by statement as Diesel does it: a file may end with a comment.
    async fn apply(&self, migration: &str) -> Result<(), SessionError> {
        let gone = || SessionError::driver("there is no such migration any more");
        let file = self.files.iter().find(|file| file.name == migration).ok_or_else(gone)?;
        if self.session.rows(THERE, &[]).await?.is_empty() {
            self.session.batch(LEDGER).await?;
        }
        if file.in_transaction {
            self.session.batch("BEGIN").await?;
        }
        self.session.batch(&file.up).await?;
        let sql = "INSERT INTO __diesel_schema_migrations (version) VALUES ($1) RETURNING version";
        self.session.rows(sql, &[&file.version]).await?;
        if file.in_transaction {
            self.session.batch("COMMIT").await?;
        }
        Ok(())
    }
}

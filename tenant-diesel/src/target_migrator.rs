//! Diesel's migration harness over one target, for migrations over all tenants.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use diesel::{
    migration::{self, Migration, MigrationSource},
    pg::Pg,
};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _,
    async_connection_wrapper::AsyncConnectionWrapper,
};
use diesel_migrations::MigrationHarness as _;
use futures_util::lock::Mutex;
use tenant_core::{
    DatabaseProvider, JsonRow, MigrateTarget, MigrationStep, MigrationTarget, OpenTarget,
    SessionError, SqlSession, adapter::target_address,
};

use crate::session::{ALREADY_DEDICATED, rows, session_error};

/// Runs an application's migrations on one target after the other, for
/// [`TenantMigrations`](crate::TenantMigrations).
///
/// Diesel's own table, `__diesel_schema_migrations`, lies in the schema of each target. A migration that
/// names no schema works there and nowhere else.
///
/// ```no_run
/// # async fn f(migrations: diesel_migrations::EmbeddedMigrations) -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_diesel::{
///     DatabaseAddress, MigrationTarget, PgSession, StaticDatabases, TargetMigrator, TenantMigrations,
/// };
///
/// let url = "postgres://shop_owner@localhost/shop";
/// let databases = StaticDatabases::new().database("main", DatabaseAddress::new(url));
/// let migrator = TargetMigrator::new(migrations, databases);
/// let log = PgSession::connect(url).await?;
/// let targets = ["t_1", "t_2"].map(|schema| MigrationTarget::schema("main", schema));
/// let report = TenantMigrations::new(log, migrator, "deploy 4711").run(targets).await?;
/// assert!(report.is_complete());
/// # Ok(()) }
/// ```
///
/// A migration is sync code, so it runs on one of Tokio's threads for blocking work: where the run is
/// dropped, the migration under way goes on to its end there, with its lock.
///
/// # Authority
/// The login of the addresses owns the tables, or may take on the [role](crate::TenantMigrations::role) that
/// does. Connect to PostgreSQL itself and not through a pooler: a lock is held by the connection.
pub struct TargetMigrator<S> {
    databases: Box<dyn DatabaseProvider>,
    migrations: Arc<S>,
}

impl<S: MigrationSource<Pg> + Send + Sync + 'static> TargetMigrator<S> {
    /// These migrations. The provider tells where a target's database is, with the login of the owner: it
    /// is another than the application's.
    pub fn new(migrations: S, databases: impl DatabaseProvider + 'static) -> Self {
        Self { databases: Box::new(databases), migrations: Arc::new(migrations) }
    }
}

#[async_trait]
impl<S: MigrationSource<Pg> + Send + Sync + 'static> MigrateTarget for TargetMigrator<S> {
    fn migrations(&self) -> Result<Vec<MigrationStep>, SessionError> {
        let all = sorted(&*self.migrations).map_err(SessionError::driver)?;
        let step = |m: &dyn Migration<Pg>| {
            MigrationStep::new(m.name().to_string(), m.metadata().run_in_transaction())
        };
        Ok(all.iter().map(|migration| step(&**migration)).collect())
    }

    async fn open(&self, target: &MigrationTarget) -> Result<Box<dyn OpenTarget>, SessionError> {
        let address = target_address(&*self.databases, target).await?;
        let connection =
            AsyncPgConnection::establish(address.url()).await.map_err(SessionError::driver)?;
        let session = OneConnection(Mutex::new(Some(connection)));
        Ok(Box::new(Open { session, migrations: Arc::clone(&self.migrations) }))
    }
}

struct Open<S> {
    session: OneConnection,
    migrations: Arc<S>,
}

#[async_trait]
impl<S: MigrationSource<Pg> + Send + Sync + 'static> OpenTarget for Open<S> {
    fn session(&self) -> &dyn SqlSession {
        &self.session
    }

    /// Diesel's own question would make the table.
    async fn applied(&self) -> Result<Vec<String>, SessionError> {
        let there = "SELECT 1 AS is WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL";
        if self.session.rows(there, &[]).await?.is_empty() {
            return Ok(Vec::new());
        }
        let sql = "SELECT version FROM __diesel_schema_migrations";
        let versions = self.session.rows(sql, &[]).await?;
        let versions: Vec<&str> =
            versions.iter().filter_map(|row| row.get("version")?.as_str()).collect();
        let all = sorted(&*self.migrations).map_err(SessionError::driver)?;
        let applied = all.iter().filter(|m| {
            let version = m.name().version();
            versions.iter().any(|applied| version == (*applied).into())
        });
        Ok(applied.map(|m| m.name().to_string()).collect())
    }

    async fn apply(&self, migration: &str) -> Result<(), SessionError> {
        let mut slot = self.session.0.lock().await;
        let connection = slot.take().ok_or_else(gone)?;
        let (source, name) = (Arc::clone(&self.migrations), migration.to_owned());
        let (connection, done) = tokio::task::spawn_blocking(move || {
            let mut connection = AsyncConnectionWrapper::from(connection);
            let done = run(&mut connection, &*source, &name).map_err(SessionError::driver);
            (connection.into_inner(), done)
        })
        .await
        .map_err(SessionError::driver)?;
        *slot = Some(connection);
        done
    }
}

fn run<S: MigrationSource<Pg>>(
    connection: &mut AsyncConnectionWrapper<AsyncPgConnection>,
    source: &S,
    name: &str,
) -> migration::Result<()> {
    // Makes Diesel's table, too.
    connection.applied_migrations()?;
    let all = source.migrations()?;
    let Some(migration) = all.iter().find(|m| m.name().to_string() == name) else {
        return Err(format!("there is no migration {name} any more").into());
    };
    connection.run_migration(&**migration)?;
    Ok(())
}

/// As Diesel sorts them.
fn sorted<S: MigrationSource<Pg>>(source: &S) -> migration::Result<Vec<Box<dyn Migration<Pg>>>> {
    let mut all = source.migrations()?;
    all.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
    Ok(all)
}

/// One connection that is never made again.
struct OneConnection(Mutex<Option<AsyncPgConnection>>);

#[async_trait]
impl SqlSession for OneConnection {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        let mut slot = self.0.lock().await;
        slot.as_mut().ok_or_else(gone)?.batch_execute(sql).await.map_err(session_error)
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        rows(self.0.lock().await.as_mut().ok_or_else(gone)?, sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Err(SessionError::driver(ALREADY_DEDICATED))
    }
}

fn gone() -> SessionError {
    SessionError::driver("the connection is gone")
}

impl<S> fmt::Debug for TargetMigrator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetMigrator").finish_non_exhaustive()
    }
}

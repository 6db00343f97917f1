//! SeaORM's migrator over one target, for migrations over all tenants.

use std::{fmt, marker::PhantomData, time::Duration};

use async_trait::async_trait;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sea_orm_migration::MigratorTrait;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tenant_core::{
    DatabaseProvider, JsonRow, MigrateTarget, MigrationStep, MigrationTarget, OpenTarget,
    SessionError, SqlSession, adapter::target_address,
};

use crate::{
    internals,
    session::{ALREADY_DEDICATED, rows, session_error},
};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs an application's migrations on one target after the other, for
/// [`TenantMigrations`](crate::TenantMigrations).
///
/// SeaORM's own table, `seaql_migrations`, lies in the schema of each target. A migration that names no
/// schema works there and nowhere else.
///
/// ```no_run
/// # async fn f<Migrator: sea_orm_migration::MigratorTrait + 'static>() -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_seaorm::{
///     DatabaseAddress, MigrationTarget, PgSession, StaticDatabases, TargetMigrator, TenantMigrations,
/// };
///
/// let url = "postgres://shop_owner@localhost/shop";
/// let databases = StaticDatabases::new().database("main", DatabaseAddress::new(url));
/// let migrator = TargetMigrator::<Migrator>::new(databases);
/// let log = PgSession::connect(url).await?;
/// let targets = ["t_1", "t_2"].map(|schema| MigrationTarget::schema("main", schema));
/// let report = TenantMigrations::new(log, migrator, "deploy 4711").run(targets).await?;
/// assert!(report.is_complete());
/// # Ok(()) }
/// ```
///
/// # Authority
/// The login of the addresses owns the tables, or may take on the [role](crate::TenantMigrations::role) that
/// does. Connect to PostgreSQL itself and not through a pooler: a lock is held by the connection.
pub struct TargetMigrator<M> {
    databases: Box<dyn DatabaseProvider>,
    migrations: PhantomData<fn() -> M>,
}

impl<M: MigratorTrait + 'static> TargetMigrator<M> {
    /// These migrations. The provider tells where a target's database is, with the login of the owner: it
    /// is another than the application's.
    pub fn new(databases: impl DatabaseProvider + 'static) -> Self {
        Self { databases: Box::new(databases), migrations: PhantomData }
    }
}

#[async_trait]
impl<M: MigratorTrait + 'static> MigrateTarget for TargetMigrator<M> {
    fn migrations(&self) -> Result<Vec<MigrationStep>, SessionError> {
        let all = M::migrations().into_iter();
        let step = |name: &str, in_transaction| MigrationStep::new(name, in_transaction);
        Ok(all.map(|m| step(m.name(), m.use_transaction().unwrap_or(true))).collect())
    }

    async fn open(&self, target: &MigrationTarget) -> Result<Box<dyn OpenTarget>, SessionError> {
        let address = target_address(&*self.databases, target).await?;
        // SeaORM's migrator takes a pool. This one has its one connection and never another, which would
        // have neither the lock nor the search path.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(CONNECT_TIMEOUT)
            .connect(address.url())
            .await
            .map_err(session_error)?;
        pool.set_connect_options(internals::nowhere());
        let database = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        let open = Open::<M> { session: OneConnection(pool), database, migrations: PhantomData };
        Ok(Box::new(open))
    }
}

struct Open<M> {
    session: OneConnection,
    database: DatabaseConnection,
    migrations: PhantomData<fn() -> M>,
}

#[async_trait]
impl<M: MigratorTrait + 'static> OpenTarget for Open<M> {
    fn session(&self) -> &dyn SqlSession {
        &self.session
    }

    async fn applied(&self) -> Result<Vec<String>, SessionError> {
        let applied = M::get_applied_migrations_read_only(&self.database).await;
        let applied = applied.map_err(SessionError::driver)?;
        Ok(applied.iter().map(|migration| migration.name().to_owned()).collect())
    }

    /// The first one that is not applied is the one that is asked for.
    async fn apply(&self, _migration: &str) -> Result<(), SessionError> {
        M::up(&self.database, Some(1)).await.map_err(SessionError::driver)
    }
}

/// A pool of one connection that is never made again.
struct OneConnection(PgPool);

#[async_trait]
impl SqlSession for OneConnection {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        let mut conn = self.0.acquire().await.map_err(session_error)?;
        internals::message(&mut conn, sql).await.map_err(session_error)
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        rows(&self.0, sql, params, true).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        Err(SessionError::driver(ALREADY_DEDICATED))
    }
}

impl<M> fmt::Debug for TargetMigrator<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetMigrator").finish_non_exhaustive()
    }
}

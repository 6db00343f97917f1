//! A database of schemas, and three migrations that do in each of them what the test wants.

use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tenant_core::{
    DatabaseAddress, Isolation, Layout, MigrateTarget, Migration, MigrationResult, MigrationTarget,
    MigrationsReport, SqlSession, StaticDatabases, Tenancy, TenantKey, TenantMigrations,
};
use tenant_diesel::IsolationMigrations;
use tenant_seaorm::IsolationMigration;
use tenant_testkit::{TestDatabase, TestSession};

pub(crate) const SCHEMAS: usize = 20;

/// What the migrations ask, and where they write down that they ran.
const CONTROL: &str = "CREATE SCHEMA control;
    CREATE TABLE control.runs (schema text, migration int, peers bigint);
    CREATE TABLE control.fails (schema text);
    CREATE TABLE control.waits (schema text);
    CREATE TABLE control.gate ()";

/// Written down in the migration's own transaction: it is there as often as the migration ran.
const RAN: &str = "INSERT INTO control.runs SELECT current_schema(), $n, count(*)
    FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tenant migrations'";

const NOTES: &str = "CREATE TABLE notes (id bigserial PRIMARY KEY, body text)";

/// Fails where it is told to, after it has changed something.
const MARKS: &str = "ALTER TABLE notes ADD COLUMN mark int;
    DO $$ BEGIN
      IF EXISTS (SELECT FROM control.waits WHERE schema = current_schema()) THEN
        LOCK TABLE control.gate IN ACCESS SHARE MODE;
      END IF;
      IF EXISTS (SELECT FROM control.fails WHERE schema = current_schema()) THEN
        RAISE EXCEPTION 'told to fail';
      END IF;
    END $$";

const INDEX: &str = "CREATE INDEX CONCURRENTLY notes_body ON notes (body)";

fn migrations(indexed: bool) -> Vec<Migration> {
    let any = Isolation::new(&Tenancy::new(TenantKey::Bigint), &Layout::new("any").unwrap());
    let any = any.unwrap().migration();
    let sql = |name: &str, up: &str, n: i32| {
        let mut migration = any.clone();
        migration.name = name.into();
        migration.up = format!("{up};\n{}", RAN.replace("$n", &n.to_string()));
        migration.down = "SELECT 1".into();
        migration
    };
    let mut all = vec![sql("notes", NOTES, 1), sql("marks", MARKS, 2)];
    if indexed {
        let mut index = sql("index", "", 3);
        index.up = INDEX.into();
        index.in_transaction = false;
        all.push(index);
    }
    all
}

struct Two;

impl MigratorTrait for Two {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        IsolationMigration::series("m20261121_000000", migrations(false))
    }
}

struct Three;

impl MigratorTrait for Three {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        IsolationMigration::series("m20261121_000000", migrations(true))
    }
}

/// Which ORM migrates.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Orm {
    SeaOrm,
    Diesel,
}

/// Each test with both.
macro_rules! with_both {
    ($($test:ident)*) => { $(
        mod $test {
            #[tokio::test]
            async fn with_seaorm() {
                super::$test($crate::fixture::Orm::SeaOrm).await;
            }
            #[tokio::test]
            async fn with_diesel() {
                super::$test($crate::fixture::Orm::Diesel).await;
            }
        }
    )* };
}
pub(crate) use with_both;

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    orm: Orm,
}

pub(crate) type Migrations = TenantMigrations<TestSession, Box<dyn MigrateTarget>>;

impl World {
    pub(crate) async fn new(orm: Orm) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let schemas = (1..=SCHEMAS).map(|n| format!(";\nCREATE SCHEMA {}", name(n)));
        let sql = CONTROL.to_owned() + &schemas.collect::<String>();
        database.session().batch(&sql).await.unwrap();
        Self { database, orm }
    }

    /// Each schema is a tenant's.
    #[allow(clippy::unused_self)] // they are this database's
    pub(crate) fn targets(&self) -> Vec<MigrationTarget> {
        let target =
            |n: usize| MigrationTarget::schema("db", name(n)).tenant(n.try_into().unwrap_or(0_i64));
        (1..=SCHEMAS).map(target).collect()
    }

    pub(crate) fn migrations(&self) -> Migrations {
        self.with_migrations(false, self.database.superuser_url())
    }

    /// With a third one, which cannot run in a transaction.
    pub(crate) fn indexed(&self) -> Migrations {
        self.with_migrations(true, self.database.superuser_url())
    }

    pub(crate) fn with_migrations(&self, indexed: bool, url: String) -> Migrations {
        let databases = StaticDatabases::new().database("db", DatabaseAddress::new(url));
        let migrator: Box<dyn MigrateTarget> = match (self.orm, indexed) {
            (Orm::SeaOrm, false) => Box::new(tenant_seaorm::TargetMigrator::<Two>::new(databases)),
            (Orm::SeaOrm, true) => Box::new(tenant_seaorm::TargetMigrator::<Three>::new(databases)),
            (Orm::Diesel, _) => {
                let source = IsolationMigrations::new("2026-11-21-000000", migrations(indexed));
                Box::new(tenant_diesel::TargetMigrator::new(source, databases))
            }
        };
        TenantMigrations::new(self.database.session().clone(), migrator, "a test")
    }

    pub(crate) async fn batch(&self, sql: &str) {
        self.database.session().batch(sql).await.unwrap();
    }

    /// One value as a text.
    pub(crate) async fn one(&self, sql: &str) -> String {
        let sql = format!("SELECT ({sql})::text AS value");
        let rows = self.database.session().rows(&sql, &[]).await.unwrap();
        rows[0]["value"].as_str().unwrap_or("NULL").to_owned()
    }

    pub(crate) async fn is(&self, sql: &str) -> bool {
        self.one(sql).await == "true"
    }

    /// Waits until it is so.
    pub(crate) async fn until(&self, sql: &str) {
        while !self.is(sql).await {
            tokio::task::yield_now().await;
        }
    }

    /// Every schema has both migrations, each ran once, and the log says so.
    pub(crate) async fn assert_all_once(&self) {
        let ran = "SELECT count(*) || ' ' || count(DISTINCT (schema, migration)) FROM control.runs";
        let all = 2 * SCHEMAS;
        assert_eq!(self.one(ran).await, format!("{all} {all}"));
        let marks = "SELECT count(*) FROM pg_attribute WHERE attname = 'mark' AND NOT attisdropped";
        assert_eq!(self.one(marks).await, SCHEMAS.to_string());
        let done = "SELECT count(*) FROM tenancy_fleet.migrations WHERE state = 'done'";
        assert_eq!(self.one(done).await, all.to_string());
        assert_eq!(
            self.one("SELECT count(*) FROM tenancy_fleet.migrations").await,
            all.to_string()
        );
        self.assert_public_is_empty().await;
    }

    pub(crate) async fn assert_public_is_empty(&self) {
        let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        assert_eq!(self.one(sql).await, "0");
    }

    /// The migrations wait at the gate in these schemas, until the session that is returned is dropped.
    pub(crate) async fn gate(
        &self,
        schemas: impl IntoIterator<Item = usize>,
    ) -> Box<dyn SqlSession> {
        for n in schemas {
            self.batch(&format!("INSERT INTO control.waits VALUES ('{}')", name(n))).await;
        }
        let gate = self.database.session().dedicated().await.unwrap();
        gate.batch("BEGIN; LOCK TABLE control.gate").await.unwrap();
        gate
    }
}

pub(crate) fn name(n: usize) -> String {
    format!("t_{n:02}")
}

/// How many migrators wait for a lock of a table.
pub(crate) fn waiting(count: usize) -> String {
    format!(
        "SELECT count(*) = {count} FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'tenant migrations' AND wait_event_type = 'Lock'"
    )
}

/// How many targets were migrated, failed, were not begun.
pub(crate) fn counts(report: &MigrationsReport) -> (usize, usize, usize) {
    let count = |is: fn(&MigrationResult) -> bool| {
        report.outcomes.iter().filter(|outcome| is(&outcome.result)).count()
    };
    (
        count(|r| matches!(r, MigrationResult::Migrated { .. })),
        count(|r| matches!(r, MigrationResult::Failed { .. })),
        count(|r| matches!(r, MigrationResult::NotStarted)),
    )
}

/// What is said of a target that failed.
pub(crate) fn error(report: &MigrationsReport, n: usize) -> &str {
    let outcome = report.failed().find(|o| o.target.schema.as_deref() == Some(&name(n)));
    match &outcome.unwrap().result {
        MigrationResult::Failed { error, .. } => error,
        _ => unreachable!(),
    }
}

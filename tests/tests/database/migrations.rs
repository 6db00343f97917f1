//! The isolation as migrations of SeaORM and Diesel: whole, and as the steps of a plan.

use std::fs;

use diesel::{Connection, PgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tenant_core::{
    Backfill, Isolation, Layout, Migration, SqlSession, TableName, Tenancy, TenantId, TenantKey,
};
use tenant_diesel::{IsolationMigrations, TenantDb, write_migrations};
use tenant_seaorm::IsolationMigration;
use tenant_testkit::TestDatabase;

use crate::fixture::is_true;

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .tenant_table(TableName::new("lines"), None)
        .shared_table(TableName::new("plans"))
}

async fn found(rows: bool) -> (TestDatabase, Isolation) {
    let database = TestDatabase::create().await.unwrap();
    let create = "CREATE TABLE plans (id int PRIMARY KEY);
        CREATE TABLE orders (id bigserial PRIMARY KEY, v int);
        CREATE TABLE lines (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders);";
    database.session().batch(create).await.unwrap();
    if rows {
        let rows = "INSERT INTO orders (v) SELECT n FROM generate_series(1, 100) n;
            INSERT INTO lines (order_id) SELECT id FROM orders";
        database.session().batch(rows).await.unwrap();
    }
    let isolation = Isolation::new(&tenancy(), &Layout::new(database.name()).unwrap()).unwrap();
    let one = Backfill::Value(TenantId::from(1));
    let isolation = isolation.backfill(TableName::new("orders").unwrap(), one).unwrap();
    (database, isolation)
}

/// The ORMs' own tables of migrations aside, nothing is left.
async fn schema(database: &TestDatabase) -> String {
    let sql = "SELECT string_agg(concat_ws(' ', c.relname, a.attname, a.atttypid::regtype, a.attnotnull,
            c.relrowsecurity, (SELECT string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname)
            FROM pg_constraint k WHERE k.conrelid = c.oid)), E'\\n' ORDER BY c.relname, a.attnum) AS schema
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ('plans', 'orders', 'lines')
        AND a.attnum > 0 AND NOT a.attisdropped";
    let rows = database.session().rows(sql, &[]).await.unwrap();
    rows[0]["schema"].as_str().unwrap().to_owned()
}

/// A pool opens there, so lint's start-up rules hold.
async fn is_isolated(database: &TestDatabase) -> bool {
    let url = database.url(&format!("{}_login", database.name()));
    TenantDb::connect(url, &tenancy()).await.is_ok()
}

fn with_diesel<T>(
    url: String,
    run: impl FnOnce(&mut PgConnection) -> T + Send + 'static,
) -> impl Future<Output = T>
where
    T: Send + 'static,
{
    let task =
        tokio::task::spawn_blocking(move || run(&mut PgConnection::establish(&url).unwrap()));
    async { task.await.unwrap() }
}

#[tokio::test]
async fn diesel_runs_it_embedded_and_takes_it_back() {
    for rows in [false, true] {
        let (database, isolation) = found(rows).await;
        let before = schema(&database).await;
        let migrations = migrations(&database, &isolation, rows).await;
        let source = IsolationMigrations::new("2026-11-21-000000", migrations.clone());
        let count = migrations.len();
        let (run, again) = with_diesel(database.superuser_url(), move |connection| {
            let run = connection.run_pending_migrations(source.clone()).unwrap().len();
            (run, connection.run_pending_migrations(source).unwrap().len())
        })
        .await;
        assert_eq!((run, again), (count, 0));
        assert!(is_isolated(&database).await);
        assert!(is_true(&database, "SELECT count(*) = 0 FROM lines WHERE tenant_id <> 1").await);
        let source = IsolationMigrations::new("2026-11-21-000000", migrations);
        with_diesel(database.superuser_url(), move |connection| {
            connection.revert_all_migrations(source).unwrap();
        })
        .await;
        assert_eq!(schema(&database).await, before);
    }
}

#[tokio::test]
async fn diesel_runs_it_from_a_folder_as_its_own_tool_would() {
    let (database, isolation) = found(true).await;
    let before = schema(&database).await;
    let migrations = migrations(&database, &isolation, true).await;
    let folder = std::env::temp_dir().join(format!("migrations-{}", database.name()));
    let written = write_migrations(&folder, "2026-11-21-000000", &migrations).unwrap();
    assert_eq!(written.len(), migrations.len());
    let alone = written.iter().filter(|directory| directory.join("metadata.toml").exists()).count();
    assert!(alone > 0 && alone < written.len(), "{written:?}");
    let again = write_migrations(&folder, "2026-11-21-000000", &migrations).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    let source = FileBasedMigrations::from_path(&folder).unwrap();
    with_diesel(database.superuser_url(), {
        let source = source.clone();
        move |connection| connection.run_pending_migrations(source).unwrap().len()
    })
    .await;
    assert!(is_isolated(&database).await);
    with_diesel(database.superuser_url(), move |connection| {
        connection.revert_all_migrations(source).unwrap();
    })
    .await;
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(schema(&database).await, before);
}

tokio::task_local! {
    /// What the migrator below runs.
    static MIGRATIONS: Vec<Migration>;
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        MIGRATIONS
            .with(|migrations| IsolationMigration::series("m20261121_000000", migrations.clone()))
    }
}

#[tokio::test]
async fn seaorm_runs_it_and_takes_it_back() {
    for rows in [false, true] {
        let (database, isolation) = found(rows).await;
        let before = schema(&database).await;
        let migrations = migrations(&database, &isolation, rows).await;
        let count = migrations.len();
        let db = sea_orm::Database::connect(database.superuser_url()).await.unwrap();
        MIGRATIONS
            .scope(migrations, async {
                Migrator::up(&db, None).await.unwrap();
                assert!(is_isolated(&database).await);
                let applied = Migrator::get_applied_migrations(&db).await.unwrap();
                assert_eq!(applied.len(), count);
                Migrator::up(&db, None).await.unwrap();
                Migrator::down(&db, None).await.unwrap();
            })
            .await;
        assert_eq!(schema(&database).await, before);
    }
}

/// Whole where there are no rows, and otherwise the steps of a plan.
async fn migrations(database: &TestDatabase, isolation: &Isolation, rows: bool) -> Vec<Migration> {
    if !rows {
        return vec![isolation.migration()];
    }
    let plan = isolation.plan(database.session()).await.unwrap();
    let migrations = plan.migrations();
    let (inside, alone): (Vec<_>, Vec<_>) = migrations.iter().partition(|m| m.in_transaction);
    assert!(alone.iter().any(|m| m.up.contains("CREATE INDEX CONCURRENTLY")), "{alone:?}");
    assert!(!inside.iter().any(|m| m.up.contains("\nCREATE INDEX CONCURRENTLY")));
    migrations
}

//! Many schemas: made like a template, and migrated. Time, memory, and whether it grows with their
//! number.
//!
//! `cargo bench -p tenant-benches --bench schemas`, or with `-- --schemas 200` for a fleet other than 2,000.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Instant,
};

use sea_orm_migration::{MigrationTrait, MigratorTrait};
use tenant_benches::results::{Results, Table, Value};
use tenant_core::{
    DatabaseAddress, Isolation, Layout, MigrateTarget, Migration, MigrationTarget,
    MigrationsReport, SchemaTemplate, SqlSession, StaticDatabases, TableName, Tenancy, TenantKey,
    TenantMigrations,
};
use tenant_diesel::IsolationMigrations;
use tenant_seaorm::IsolationMigration;
use tenant_testkit::{TestDatabase, TestSession};

/// How many targets at a time.
const AT_ONCE: usize = 4;

/// How often a run is killed before it is let to its end.
const KILLS: usize = 3;

const MIGRATIONS: [(&str, &str); 5] = [
    ("customers", "CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL)"),
    (
        "invoices",
        "CREATE TABLE invoices (id bigserial PRIMARY KEY, customer bigint REFERENCES customers, amount int)",
    ),
    ("index", "CREATE INDEX ON invoices (customer)"),
    ("column", "ALTER TABLE invoices ADD COLUMN paid boolean NOT NULL DEFAULT false"),
    ("check", "ALTER TABLE invoices ADD CHECK (amount >= 0)"),
];

fn migrations() -> Vec<Migration> {
    let any = Isolation::new(&Tenancy::new(TenantKey::Bigint), &Layout::new("any").unwrap());
    let any = any.unwrap().migration();
    let migration = |(name, up): &(&str, &str)| {
        let mut migration = any.clone();
        (migration.name, migration.up) = ((*name).to_owned(), (*up).to_owned());
        migration
    };
    MIGRATIONS.iter().map(migration).collect()
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        IsolationMigration::series("m20261121_000000", migrations())
    }
}

/// Which ORM, and where its table is.
const ORMS: [(&str, &str); 2] =
    [("SeaORM", "seaql_migrations"), ("Diesel", "__diesel_schema_migrations")];

struct Fleet {
    database: TestDatabase,
    targets: Vec<MigrationTarget>,
    orm: (&'static str, &'static str),
}

impl Fleet {
    async fn create(orm: (&'static str, &'static str), schemas: usize) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let names: Vec<String> = (1..=schemas).map(|n| format!("t_{n}")).collect();
        for names in names.chunks(100) {
            let sql: Vec<String> =
                names.iter().map(|name| format!("CREATE SCHEMA {name}")).collect();
            database.session().batch(&sql.join(";")).await.unwrap();
        }
        let targets = names.iter().map(|name| MigrationTarget::schema("db", name)).collect();
        Self { database, targets, orm }
    }

    fn migrations(&self) -> TenantMigrations<TestSession, Box<dyn MigrateTarget>> {
        let url = self.database.superuser_url();
        let databases = StaticDatabases::new().database("db", DatabaseAddress::new(url));
        let migrator: Box<dyn MigrateTarget> = if self.orm.0 == "SeaORM" {
            Box::new(tenant_seaorm::TargetMigrator::<Migrator>::new(databases))
        } else {
            let source = IsolationMigrations::new("2026-11-21-000000", migrations());
            Box::new(tenant_diesel::TargetMigrator::new(source, databases))
        };
        let log = self.database.session().clone();
        TenantMigrations::new(log, migrator, "bench").at_once(AT_ONCE)
    }

    async fn run(&self) -> f64 {
        let started = Instant::now();
        complete(&self.migrations().run(self.targets.clone()).await.unwrap());
        started.elapsed().as_secs_f64()
    }

    /// Dropped at a quarter, at a half, and so on, then let to its end.
    async fn run_with_kills(&self) -> f64 {
        let started = Instant::now();
        for _ in 0..KILLS {
            let (quarter, done) = (self.targets.len() / (KILLS + 1), Arc::new(AtomicUsize::new(0)));
            let counted = Arc::clone(&done);
            let migrations = self.migrations().skip_complete().on_outcome(move |outcome| {
                if matches!(outcome.result, tenant_core::MigrationResult::Migrated { .. }) {
                    counted.fetch_add(1, SeqCst);
                }
            });
            let enough = async {
                while done.load(SeqCst) < quarter {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                () = enough => {}
                report = migrations.run(self.targets.clone()) => panic!("not killed: {report:?}"),
            }
        }
        complete(&self.migrations().run(self.targets.clone()).await.unwrap());
        started.elapsed().as_secs_f64()
    }

    /// Every migration is there, once, in each schema.
    async fn check(&self) {
        let counted = |sql: String| async move {
            let rows = self.database.session().rows(&sql, &[]).await.unwrap();
            usize::try_from(rows[0]["n"].as_u64().unwrap()).unwrap()
        };
        let all = self.targets.len() * MIGRATIONS.len();
        let log = "SELECT count(*) AS n FROM tenancy_fleet.migrations WHERE state = 'done'";
        assert_eq!(counted(log.to_owned()).await, all);
        for table in ["customers", "invoices", self.orm.1] {
            let sql = format!("SELECT count(*) AS n FROM pg_class WHERE relname = '{table}'");
            assert_eq!(counted(sql).await, self.targets.len());
        }
        // Some of them by their rows: all at once would lock all at once.
        for target in self.targets.iter().step_by(17) {
            let schema = target.schema.as_deref().unwrap();
            let sql = format!("SELECT count(*) AS n FROM {schema}.{}", self.orm.1);
            assert_eq!(counted(sql).await, MIGRATIONS.len());
        }
    }
}

fn complete(report: &MigrationsReport) {
    let failed = report.undone().next();
    assert!(failed.is_none(), "{failed:?}");
}

/// The most memory that this process had since it was last asked, in MiB.
fn memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak = peak.and_then(|kib| kib.trim().parse::<f64>().ok()).unwrap_or(f64::NAN);
    // Where it may not be reset, the figures can only grow.
    let _ = fs::write("/proc/self/clear_refs", "5");
    peak / 1024.0
}

#[tokio::main]
async fn main() {
    let most = schemas();
    let server = TestDatabase::create().await.unwrap();
    let about = format!(
        "{} migrations (two tables, an index, a column, a constraint), {AT_ONCE} schemas at a time, each with a \
         connection of its own. *Again* is a run that finds nothing to do: by looking into each schema, or by \
         believing the log (`skip_complete`). Memory is the most that the client had.",
        MIGRATIONS.len()
    );
    let session = server.session();
    let mut results =
        Results::new("schemas", "Migrations over many schemas", &about, session).await;
    let mut kills = Table::new(
        "A run that is killed",
        &format!(
            "{most} schemas; dropped {KILLS} times on the way and run again, each migration in each schema once."
        ),
        &["not killed, s", "killed, s", "ratio"],
    );
    for orm in ORMS {
        let head = [
            "create, s",
            "migrate, s",
            "per schema, ms",
            "again, looking, s",
            "again, by the log, s",
            "status, ms",
            "memory, MiB",
        ];
        let mut table = Table::new(orm.0, "", &head).lines("schemas", "seconds", [1, 3]);
        let mut per_schema = Vec::new();
        let mut whole = 0.0;
        for schemas in [most / 4, most / 2, most] {
            memory();
            let started = Instant::now();
            let fleet = Fleet::create(orm, schemas).await;
            let create = started.elapsed().as_secs_f64();
            whole = fleet.run().await;
            fleet.check().await;
            let looking = fleet.run().await;
            let started = Instant::now();
            complete(&fleet.migrations().skip_complete().run(fleet.targets.clone()).await.unwrap());
            let by_log = started.elapsed().as_secs_f64();
            let started = Instant::now();
            assert_eq!(fleet.migrations().log().status().await.unwrap().len(), schemas);
            let status = started.elapsed().as_secs_f64();
            let each = whole * 1e3 / schemas as f64;
            per_schema.push(each);
            table.row(
                schemas.to_string(),
                [
                    Value::number(create, 2),
                    Value::number(whole, 1),
                    Value::number(each, 1),
                    Value::number(looking, 2),
                    Value::number(by_log, 2),
                    Value::number(status * 1e3, 0),
                    Value::number(memory(), 1),
                ],
            );
            println!(
                "{} {schemas}: {whole:.1} s, {looking:.1} s, {by_log:.1} s, {status:.2} s",
                orm.0
            );
        }
        results.tables.push(table);
        let growth = per_schema[2] / per_schema[0];
        results.target(
            &format!(
                "{}: a schema costs at most 1.5 times as much among {most} as among {}",
                orm.0,
                most / 4
            ),
            format!("{growth:.2} times"),
            growth <= 1.5,
        );
        let fleet = Fleet::create(orm, most).await;
        let killed = fleet.run_with_kills().await;
        fleet.check().await;
        kills.row(
            orm.0,
            [Value::number(whole, 1), Value::number(killed, 1), Value::number(killed / whole, 2)],
        );
    }
    results.tables.push(kills);
    let (made, growth) = made_like_a_template(most).await;
    results.tables.push(made);
    results.target(
        &format!("the last of {most} schemas is made in at most 1.5 times the time of the first"),
        format!("{growth:.2} times"),
        growth <= 1.5,
    );
    results.finish();
}

/// With the walls, one after the other; in quarters, and how much the last one took of the first.
async fn made_like_a_template(most: usize) -> (Table, f64) {
    let database = TestDatabase::create().await.unwrap();
    let tables: Vec<&str> = MIGRATIONS.iter().map(|(_, sql)| *sql).collect();
    let sql = format!(
        "CREATE SCHEMA common; CREATE SCHEMA template; SET search_path = template; {}; \
         SET search_path = public",
        tables.join("; ")
    );
    database.session().batch(&sql).await.unwrap();
    let tenancy = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("customers"), None)
        .tenant_table(TableName::new("invoices"), None);
    let layout = Layout::new(database.name()).unwrap().shared_schema("common").unwrap();
    let layout = layout.schemas(["template"]).unwrap();
    let isolation = Isolation::new(&tenancy, &layout).unwrap();
    database.install(&isolation).await.unwrap();
    let session = database.session();
    let template = SchemaTemplate::read(session, &isolation, "template").await.unwrap();
    let mut table = Table::new(
        "Made like a template",
        "`SchemaTemplate::create`: both tables, their keys, sequences and walls; one schema after the other.",
        &["seconds", "per schema, ms"],
    );
    let quarter = (most / 4).max(1);
    let mut each = Vec::new();
    for part in 0..4 {
        let started = Instant::now();
        for number in part * quarter..(part + 1) * quarter {
            template.create(session, &format!("t_{number}")).await.unwrap();
        }
        let seconds = started.elapsed().as_secs_f64();
        each.push(seconds * 1e3 / quarter as f64);
        table.row(
            format!("{} to {}", part * quarter + 1, (part + 1) * quarter),
            [Value::number(seconds, 1), Value::number(each[part], 1)],
        );
        println!("made {}: {seconds:.1} s", (part + 1) * quarter);
    }
    (table, each[3] / each[0])
}

/// `--schemas N`; cargo adds `--bench`, which is nothing to us.
fn schemas() -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--schemas").skip(1);
    arguments.next().and_then(|n| n.parse().ok()).unwrap_or(2000)
}

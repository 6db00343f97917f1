//! A stream of 1,000,000 rows through a tenant's transaction, and how much memory it takes.
//!
//! `cargo bench -p tenant-benches --bench stream`, on Linux, which tells the most memory that a process
//! has had.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::{fs, time::Instant};

use futures_util::TryStreamExt as _;
use sea_orm::EntityTrait as _;
use tenant_benches::{
    results::{Results, Table, Value},
    shop::{
        Shop, Walls,
        entity::{self, invoices},
        schema, scopes,
    },
};
use tenant_core::SqlSession as _;
use tenant_diesel::prelude::*;

const SIZES: [i64; 3] = [10_000, 100_000, 1_000_000];

const ABOUT: &str = "All rows of a tenant, three integers each, read as a stream in its transaction and summed up, and for comparison \
    loaded at once. Memory is the most that the client's process has had in that step beyond what it had before (`VmHWM`, \
    reset before each).";

type Row = (i64, i64, i32);

/// A line of what Linux tells of this process, in MiB.
fn status(line: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find(|found| found.starts_with(line)).unwrap();
    let kib: f64 = found.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}

/// Runs it, and tells the rows a second and the MiB that it took.
async fn measure(rows: i64, run: impl Future<Output = i64>) -> [Value; 2] {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, started) = (status("VmRSS:"), Instant::now());
    assert_eq!(run.await, rows);
    let (took, more) = (started.elapsed().as_secs_f64(), status("VmHWM:") - before);
    [Value::number(rows as f64 / took / 1e3, 0), Value::number(more.max(0.0), 1)]
}

async fn by_diesel(
    db: &tenant_diesel::TenantDb,
    scope: &tenant_diesel::TenantScope<tenant_diesel::Verified>,
) -> i64 {
    let mut tx = db.begin(scope).await.unwrap();
    let rows = schema::invoices::table.load_stream::<Row>(&mut tx).await.unwrap();
    let count = rows.try_fold(0, |count, _| async move { Ok(count + 1) }).await.unwrap();
    tx.commit().await.unwrap();
    count
}

async fn by_seaorm(
    db: &tenant_seaorm::TenantDb,
    scope: &tenant_seaorm::TenantScope<tenant_seaorm::Verified>,
) -> i64 {
    let tx = db.begin(scope).await.unwrap();
    let rows = invoices::Entity::find().stream(&tx).await.unwrap();
    let count = rows.try_fold(0, |count, _| async move { Ok(count + 1) }).await.unwrap();
    tx.commit().await.unwrap();
    count
}

async fn at_once(
    db: &tenant_diesel::TenantDb,
    scope: &tenant_diesel::TenantScope<tenant_diesel::Verified>,
) -> i64 {
    let mut tx = db.begin(scope).await.unwrap();
    let rows = schema::invoices::table.load::<Row>(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    i64::try_from(rows.len()).unwrap()
}

#[tokio::main]
async fn main() {
    let shop = Shop::open(Walls::Ours).await;
    let session = shop.database.session();
    session.batch("TRUNCATE invoices").await.unwrap();
    let mut first = 1;
    for (tenant, rows) in (1..).zip(SIZES) {
        let fill = format!(
            "INSERT INTO invoices (id, tenant_id, amount)
             SELECT n, {tenant}, n % 1000 FROM generate_series({first}, {}) n",
            first + rows - 1
        );
        session.batch(&fill).await.unwrap();
        first += rows;
    }
    session.batch("VACUUM ANALYZE invoices").await.unwrap();
    let url = shop.database.url(&shop.login());
    let diesel = tenant_diesel::TenantDb::connect(&url, &schema::TENANCY).await.unwrap();
    let seaorm = tenant_seaorm::TenantDb::connect(&url, &entity::TENANCY).await.unwrap();
    let scopes = scopes().await;

    let mut results = Results::new("stream", "A stream of a million rows", ABOUT, session).await;
    let head =
        ["thousand rows/s", "MiB", "thousand rows/s, SeaORM", "MiB, SeaORM", "MiB, loaded at once"];
    let mut table = Table::new("Streams", "The first two columns are Diesel async's.", &head);
    // The first time everything warms up, at no expense of the smallest.
    by_diesel(&diesel, &scopes[0]).await;
    by_seaorm(&seaorm, &scopes[0]).await;
    let mut most: f64 = 0.0;
    for (scope, rows) in scopes.iter().zip(SIZES) {
        let [diesel_speed, diesel_memory] = measure(rows, by_diesel(&diesel, scope)).await;
        let [seaorm_speed, seaorm_memory] = measure(rows, by_seaorm(&seaorm, scope)).await;
        most = most.max(diesel_memory.as_number().unwrap()).max(seaorm_memory.as_number().unwrap());
        let [_, loaded] = measure(rows, at_once(&diesel, scope)).await;
        table.row(
            format!("{rows} rows"),
            [diesel_speed, diesel_memory, seaorm_speed, seaorm_memory, loaded],
        );
    }
    results.tables.push(table);
    let found = format!("{most:.1} MiB more at the most");
    results.target("1,000,000 rows in flat memory (no more than 8 MiB)", found, most <= 8.0);
    results.finish();
}

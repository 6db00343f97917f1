//! How fast a tenant's rows go out and in, and how much memory that takes, at 100,000 and at
//! 1,000,000 rows.
//!
//! `cargo bench -p tenant-benches --bench export`, on Linux, which tells the most memory that a
//! process has had.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::{fs, path::Path, time::Instant};

use tenant_core::{
    Export, ExportFormat, Import, Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey,
};
use tenant_testkit::{TestDatabase, TestSession};

const TENANTS: [(i64, u64); 2] = [(1, 100_000), (2, 1_000_000)];

const TABLE: &str = "CREATE TABLE invoices (id bigserial PRIMARY KEY, number text NOT NULL, \
    customer bigint NOT NULL, total numeric(12, 2) NOT NULL, paid boolean NOT NULL, at timestamptz NOT NULL, \
    tags text[] NOT NULL, note jsonb)";

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("invoices"), None)
}

/// What the process has held at most since [`begin`], in MiB.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}

/// Begins to measure time and memory.
fn begin() -> Instant {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    Instant::now()
}

fn print(what: &str, rows: u64, bytes: u64, began: Instant) {
    let (took, peak) = (began.elapsed().as_secs_f64(), peak());
    println!(
        "| {what} | {rows} | {:.0} | {took:.1} | {:.0} | {:.1} | {peak:.0} |",
        bytes as f64 / 1e6,
        rows as f64 / took,
        bytes as f64 / 1e6 / took
    );
}

async fn out(admin: &TestSession, tenant: i64, format: ExportFormat, path: &Path) {
    let began = begin();
    let export = Export::new(&tenancy(), tenant, "bench", "bench").format(format);
    let manifest = export.to_folder(admin, path).await.unwrap();
    let what = format!("export, {} to a folder", format.extension());
    print(&what, manifest.rows(), manifest.bytes(), began);
}

#[tokio::main]
async fn main() {
    let database = TestDatabase::create().await.unwrap();
    let session = database.session();
    session.batch(TABLE).await.unwrap();
    let layout = Layout::new(database.name()).unwrap();
    database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
    let admin = database.session_as(&format!("{}_admin", database.name()));
    let folder = std::env::temp_dir().join(database.name());
    fs::create_dir(&folder).unwrap();
    for (tenant, rows) in TENANTS {
        let fill = format!(
            "INSERT INTO tenancy.tenants (id, slug, name) VALUES ({tenant}, 't{tenant}', 'x');
             INSERT INTO invoices (tenant_id, number, customer, total, paid, at, tags, note)
             SELECT {tenant}, 'R-' || n, n % 977, n / 7.0, n % 3 = 0, timestamptz '2026-01-01' + n * interval '1 min',
               ARRAY['a', 'tag ' || n % 9], CASE WHEN n % 2 = 0 THEN jsonb_build_object('n', n, 'text', repeat('x', n % 50)) END
             FROM generate_series(1, {rows}) n"
        );
        session.batch(&fill).await.unwrap();
    }
    session.batch("VACUUM ANALYZE invoices").await.unwrap();

    println!("| | rows | MB | seconds | rows/s | MB/s | peak memory, MiB |");
    println!("|---|---|---|---|---|---|---|");
    for format in [ExportFormat::NdJson, ExportFormat::Csv] {
        for (tenant, _) in TENANTS {
            let path = folder.join(format!("{tenant}.{}", format.extension()));
            out(&admin, tenant, format, &path).await;
        }
    }
    for (tenant, _) in TENANTS {
        let began = begin();
        let export = Export::new(&tenancy(), tenant, "bench", "bench");
        let manifest = export.to_tar(&admin, std::io::sink()).await.unwrap();
        print("export, ndjson to a tar stream", manifest.rows(), manifest.bytes(), began);
    }
    for (tenant, _) in TENANTS {
        let delete = format!("DELETE FROM invoices WHERE tenant_id = {tenant}");
        session.batch(&delete).await.unwrap();
        let began = begin();
        let import = Import::new(&tenancy(), folder.join(format!("{tenant}.ndjson")));
        let manifest = import.run(&admin, "bench", "bench").await.unwrap();
        print("import, read again and compared", manifest.rows(), manifest.bytes(), began);
    }
    fs::remove_dir_all(folder).unwrap();
}

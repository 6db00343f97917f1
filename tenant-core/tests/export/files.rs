//! What lies on the disk: complete, or saying that it is not.

use std::{fs, path::Path, sync::Arc};

use tenant_core::{
    ExportError, ExportFormat, ImportError, Progress, Reporter, SqlSession, TableName, Tenancy,
    TenantKey, verify_export,
};

use crate::fixture::Shop;

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_folder_as_it_is_at_any_moment_is_no_export_before_the_end() {
    let shop = Shop::open().await;
    let (partial, kept) = (shop.path("out.partial"), shop.path("kept"));
    fs::create_dir(&kept).unwrap();
    let count = Arc::new(std::sync::Mutex::new(0));
    let counted = Arc::clone(&count);
    let keep = Reporter::new(move |_: &Progress| {
        let mut count = counted.lock().unwrap();
        *count += 1;
        copy(&partial, &kept.join(count.to_string()));
    });
    let export = shop.export(1).report(keep);
    export.to_folder(&shop.admin(), shop.path("out")).await.unwrap();
    let count = *count.lock().unwrap();
    assert!(count >= 20, "{count}");
    for moment in 1..=count {
        let path = format!("kept/{moment}");
        let verified = verify_export(shop.path(&path));
        assert!(matches!(verified, Err(ImportError::NotComplete(_))), "{verified:?}");
        let imported = shop.imported(shop.import(&path)).await;
        assert!(matches!(imported, Err(ImportError::NotComplete(_))), "{imported:?}");
    }
}

#[tokio::test]
async fn a_tar_stream_that_is_cut_anywhere_is_no_export() {
    let shop = Shop::open().await;
    let mut tar = Vec::new();
    let manifest = shop.export(1).to_tar(&shop.admin(), &mut tar).await.unwrap();
    let path = shop.path("out.tar");
    fs::write(&path, &tar).unwrap();
    assert_eq!(verify_export(&path).unwrap(), manifest);
    // What the manifest's end is followed by is zeros.
    let end = tar.iter().rposition(|byte| *byte != 0).unwrap();
    for cut in (0..=end).step_by(97).chain([end]) {
        fs::write(&path, &tar[..cut]).unwrap();
        assert!(verify_export(&path).is_err(), "{cut} of {end}");
    }
}

#[tokio::test]
async fn a_tar_file_is_imported_and_unpacked_is_a_folder() {
    for format in [ExportFormat::NdJson, ExportFormat::Csv] {
        let shop = Shop::open().await;
        let before = shop.checksum(1).await;
        let mut tar = Vec::new();
        let export = shop.export(1).format(format);
        let manifest = export.to_tar(&shop.admin(), &mut tar).await.unwrap();
        fs::write(shop.path("out.tar"), &tar).unwrap();
        tar::Archive::new(&tar[..]).unpack(shop.path("unpacked")).unwrap();
        assert_eq!(verify_export(shop.path("unpacked")).unwrap(), manifest);
        for name in ["out.tar", "unpacked"] {
            shop.erase(1).await;
            shop.imported(shop.import(name)).await.unwrap();
            assert_eq!(shop.checksum(1).await, before);
        }
    }
}

/// Tables of more than one batch, and of more than one part of a tar stream; rows that refer to
/// later ones.
#[tokio::test]
async fn large_tables_come_in_parts_and_refer_forward() {
    let tables = "CREATE TABLE nodes (id int PRIMARY KEY, next int REFERENCES nodes, body text);
                  CREATE TABLE wide (id int PRIMARY KEY, body text)";
    let tenancy = Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("nodes"), None)
        .tenant_table(TableName::new("wide"), None);
    let shop = Shop::with(tables, tenancy).await;
    let rows = "INSERT INTO nodes (tenant_id, id, next, body)
                  SELECT 1, n, 1 + n % 30000, repeat('x', 300) FROM generate_series(1, 30000) n;
                INSERT INTO wide (tenant_id, id, body) SELECT 1, n, repeat('ü', 1500000) FROM generate_series(1, 5) n";
    shop.run(rows).await;
    let folder = shop.to_folder(1, "out").await.unwrap();
    let mut tar = Vec::new();
    let parts = shop.export(1).to_tar(&shop.admin(), &mut tar).await.unwrap();
    assert_eq!(parts.tables[0].files.len(), 2);
    assert_eq!(parts.tables[0].rows_digest, folder.tables[0].rows_digest);
    fs::write(shop.path("out.tar"), &tar).unwrap();
    for name in ["out", "out.tar"] {
        shop.run("TRUNCATE nodes, wide").await;
        shop.imported(shop.import(name)).await.unwrap();
        assert_eq!(
            shop.one("SELECT count(next) FROM nodes WHERE next = 1 + id % 30000").await,
            "30000"
        );
        assert_eq!(shop.one("SELECT sum(length(body)) FROM wide").await, "7500000");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let shop = Shop::open().await;
    shop.to_folder(1, "out").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shop.path("out")), 0o700);
    for entry in fs::read_dir(shop.path("out")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let shop = Shop::open().await;
    for there in ["out", "out.partial"] {
        fs::create_dir(shop.path(there)).unwrap();
        fs::write(shop.path(there).join("mine"), "x").unwrap();
        let refused = shop.to_folder(1, "out").await;
        assert!(matches!(refused, Err(ExportError::Exists(_))), "{refused:?}");
        assert_eq!(fs::read(shop.path(there).join("mine")).unwrap(), b"x");
        fs::remove_dir_all(shop.path(there)).unwrap();
    }
}

#[tokio::test]
async fn a_dropped_export_leaves_no_file_and_no_transaction() {
    let shop = Shop::open().await;
    let admin = shop.admin();
    let (begun, was_begun) = std::sync::mpsc::channel();
    let tell = Reporter::new(move |_: &Progress| begun.send(()).unwrap_or_default());
    let export = shop.export(1).report(tell);
    let mut running = Box::pin(export.to_folder(&admin, shop.path("out")));
    // Polled until the first table is being read.
    while was_begun.try_recv().is_err() {
        futures_util::future::select(&mut running, Box::pin(tokio::task::yield_now())).await;
    }
    assert!(shop.path("out.partial").exists());
    drop(running);
    assert!(!shop.path("out").exists() && !shop.path("out.partial").exists());
    // It would wait for the table's lock.
    shop.database.session().batch("SET lock_timeout = '10s'; DROP TABLE keyless").await.unwrap();
}

/// Tables whose names would lead elsewhere.
#[tokio::test]
async fn a_tables_name_leads_nowhere() {
    let names = ["../../escaped", "a/b", "A\\B", "..", "con", "x\ny", "ß", "SS", "manifest.json"];
    let mut tenancy = Tenancy::new(TenantKey::Bigint);
    let mut tables = String::new();
    for name in names {
        tables += &format!("CREATE TABLE \"{name}\" (id serial PRIMARY KEY, \"{name}\" text);");
        tenancy = tenancy.tenant_table(TableName::new(name), None);
    }
    let shop = Shop::with(&tables, tenancy).await;
    for name in names {
        shop.run(&format!("INSERT INTO \"{name}\" (tenant_id, \"{name}\") VALUES (1, 'x')")).await;
    }
    let manifest = shop.to_folder(1, "out").await.unwrap();
    assert_eq!(manifest.rows(), names.len() as u64);
    let inside = fs::read_dir(shop.path("out")).unwrap().count();
    assert_eq!(inside, names.len() + 1);
    assert_eq!(fs::read_dir(shop.folder.path()).unwrap().count(), 1);
    let other = Shop::with(&tables, shop.tenancy().clone()).await;
    other.imported(tenant_core::Import::new(shop.tenancy(), shop.path("out"))).await.unwrap();
}

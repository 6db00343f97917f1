//! Exports that somebody changed.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};
use tenant_core::{ExportFormat, ExportManifest, ImportError, verify_export};

use crate::fixture::Shop;

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digits: Vec<String> = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    digits.concat()
}

type Forgery = fn(&str) -> String;

fn manifest(folder: &Path) -> ExportManifest {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// Writes a manifest with the checksum that belongs to it, as somebody would who knows how.
fn reseal(folder: &Path, mut manifest: ExportManifest) {
    manifest.sha256 = String::new();
    manifest.sha256 = sha256(&serde_json::to_vec(&manifest).unwrap());
    fs::write(folder.join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// Changes a file, and the manifest with it, down to the sum of its rows' hashes.
fn forge(folder: &Path, table: usize, change: impl Fn(&str) -> String) {
    let mut manifest = manifest(folder);
    let exported = &mut manifest.tables[table];
    let file = &mut exported.files[0];
    let path = folder.join(&file.name);
    let text = change(&fs::read_to_string(&path).unwrap());
    let mut lanes = [0_u64; 4];
    for line in text.lines() {
        let hash = Sha256::digest(line.as_bytes());
        for (lane, chunk) in lanes.iter_mut().zip(hash.chunks(8)) {
            *lane = lane.wrapping_add(u64::from_be_bytes(chunk.try_into().unwrap()));
        }
    }
    let rows = text.lines().count() as u64;
    (file.rows, file.bytes, file.sha256) = (rows, text.len() as u64, sha256(text.as_bytes()));
    exported.rows = rows;
    exported.rows_digest = lanes.map(|lane| format!("{lane:016x}")).concat();
    fs::write(path, text).unwrap();
    reseal(folder, manifest);
}

fn position(folder: &Path, name: &str) -> usize {
    manifest(folder).tables.iter().position(|table| table.name == name).unwrap()
}

/// By files: lines cut off, changed, added, exchanged; files missing or another's.
#[tokio::test]
async fn a_file_that_was_changed_is_refused_before_anything_is_written() {
    for format in [ExportFormat::NdJson, ExportFormat::Csv] {
        let shop = Shop::open().await;
        let export = shop.export(1).format(format);
        let events = |folder: &Path| {
            let table = position(folder, "events");
            folder.join(&manifest(folder).tables[table].files[0].name)
        };
        let changes: [fn(&mut Vec<u8>); 6] = [
            |text| text.truncate(text.len() - 1),
            |text| text.truncate(text.len() / 2),
            |text| {
                let last = text[..text.len() - 1].iter().rposition(|b| *b == b'\n').unwrap();
                text.truncate(last + 1);
            },
            |text| {
                let at = text.len() - 5;
                text[at] ^= 1;
            },
            |text| {
                let last = text[..text.len() - 1].iter().rposition(|b| *b == b'\n').unwrap();
                let line = text[last + 1..].to_vec();
                text.extend(line);
            },
            |text| text.push(b'\n'),
        ];
        for (number, change) in changes.iter().enumerate() {
            let name = format!("changed{number}");
            export.to_folder(&shop.admin(), shop.path(&name)).await.unwrap();
            let path = events(&shop.path(&name));
            let mut text = fs::read(&path).unwrap();
            change(&mut text);
            fs::write(&path, text).unwrap();
            refused(&shop, &name).await;
        }
        export.to_folder(&shop.admin(), shop.path("missing")).await.unwrap();
        fs::remove_file(events(&shop.path("missing"))).unwrap();
        refused(&shop, "missing").await;
        // Twin: as it was written it is taken.
        export.to_folder(&shop.admin(), shop.path("good")).await.unwrap();
        shop.erase(1).await;
        shop.imported(shop.import("good")).await.unwrap();
    }
}

async fn refused(shop: &Shop, name: &str) {
    let verified = verify_export(shop.path(name));
    assert!(matches!(verified, Err(ImportError::File { .. })), "{name}: {verified:?}");
    let imported = shop.imported(shop.import(name).into_tenant(3)).await;
    assert!(matches!(imported, Err(ImportError::File { .. })), "{name}: {imported:?}");
    assert_eq!(shop.one("SELECT count(*) FROM events WHERE tenant_id = 3").await, "0");
}

#[tokio::test]
async fn files_that_changed_places_are_refused() {
    let shop = Shop::open().await;
    shop.to_folder(1, "one").await.unwrap();
    shop.to_folder(2, "two").await.unwrap();
    let name = manifest(&shop.path("one")).tables[position(&shop.path("one"), "events")].files[0]
        .name
        .clone();
    fs::copy(shop.path("two").join(&name), shop.path("one").join(&name)).unwrap();
    refused(&shop, "one").await;
}

/// By files: a manifest that says something else than what was written.
#[tokio::test]
async fn a_manifest_that_was_changed_is_refused() {
    let shop = Shop::open().await;
    let original = shop.to_folder(1, "out").await.unwrap();
    let path = shop.path("out").join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let cases = [
        text.replace("\"slug\": \"one\"", "\"slug\": \"two\""),
        text.replace("\"bigint\": 1", "\"bigint\": 2"),
        text.replace("\"complete\": true", "\"complete\": false"),
        text.replace("\"format_version\": 1", "\"format_version\": 2"),
        text.replacen("\"slug\"", "\"more\": 1, \"slug\"", 1),
        text[..text.len() / 2].to_owned(),
        "null".to_owned(),
    ];
    for case in cases {
        assert_ne!(case, text);
        fs::write(&path, &case).unwrap();
        let refused = verify_export(shop.path("out"));
        assert!(matches!(refused, Err(ImportError::Manifest(_))), "{refused:?}");
    }
    // Whoever seals it anew: what it names must still be ours.
    let changes: [fn(&mut ExportManifest); 6] = [
        |m| m.tables[0].files[0].name = "../secret.ndjson".to_owned(),
        |m| m.tables[0].files[0].name = "/etc/passwd".to_owned(),
        |m| m.tables[0].rows += 1,
        |m| m.tables[0].columns[0].name = m.tables[0].tenant_column.clone(),
        |m| m.tables.push(m.tables[0].clone()),
        |m| m.complete = false,
    ];
    for change in changes {
        let mut manifest = original.clone();
        manifest.tables.retain(|table| !table.columns.is_empty());
        change(&mut manifest);
        reseal(&shop.path("out"), manifest);
        let refused = verify_export(shop.path("out"));
        assert!(matches!(refused, Err(ImportError::Manifest(_))), "{refused:?}");
    }
    fs::write(&path, &text).unwrap();
    verify_export(shop.path("out")).unwrap();
    // And one that is good in itself is not the one that was kept.
    let kept = sha256(text.as_bytes());
    reseal(&shop.path("out"), original);
    shop.erase(1).await;
    let import = || shop.import("out");
    let other = shop.imported(import().manifest_sha256(kept.clone())).await;
    assert!(matches!(other, Err(ImportError::Manifest(_))), "{other:?}");
    fs::write(&path, &text).unwrap();
    shop.imported(import().manifest_sha256(kept)).await.unwrap();
}

/// By files: rows that say that they are another tenant's, in an export that is sound in itself.
#[tokio::test]
async fn a_file_cannot_write_into_another_tenant() {
    let shop = Shop::open().await;
    let before = shop.checksum(2).await;
    let forged: [(&str, Forgery); 3] = [
        ("a key more", |text| text.replace('}', ",\"tenant_id\":2}")),
        ("two objects in a line", |text| text.replace('}', "},{\"what\":\"x\"}")),
        ("an array", |text| text.replace('}', "}],[{\"what\":\"x\"}")),
    ];
    for (name, change) in forged {
        shop.to_folder(1, name).await.unwrap();
        let table = position(&shop.path(name), "keyless");
        forge(&shop.path(name), table, change);
        refused(&shop, name).await;
    }
    // A manifest that calls the tenant column one of the file's.
    shop.to_folder(1, "column").await.unwrap();
    let table = position(&shop.path("column"), "keyless");
    forge(&shop.path("column"), table, |text| text.replace("\"what\"", "\"tenant_id\""));
    let mut manifest = manifest(&shop.path("column"));
    manifest.tables[table].columns[0].name = "tenant_id".to_owned();
    manifest.tables[table].tenant_column = "what".to_owned();
    reseal(&shop.path("column"), manifest);
    verify_export(shop.path("column")).unwrap();
    shop.erase(1).await;
    let import = shop.import("column").other_schema_unchecked("to see what holds then");
    let refused = shop.imported(import).await;
    assert!(matches!(refused, Err(ImportError::Schema(_))), "{refused:?}");
    // SQL in a value is a value.
    shop.run("INSERT INTO keyless (tenant_id, what) VALUES (1, 'x')").await;
    shop.to_folder(1, "sql").await.unwrap();
    shop.erase(1).await;
    let attack = r"'); INSERT INTO keyless (tenant_id) VALUES (2); --\\' ";
    forge(&shop.path("sql"), position(&shop.path("sql"), "keyless"), |text| {
        text.replace("\"x\"", &serde_json::to_string(attack).unwrap())
    });
    shop.imported(shop.import("sql")).await.unwrap();
    assert_eq!(shop.one("SELECT what FROM keyless WHERE tenant_id = 1").await, attack);
    assert_eq!(shop.checksum(2).await, before);
}

/// By files: a link to a file of the importer's own.
#[cfg(unix)]
#[tokio::test]
async fn a_link_is_not_followed() {
    let shop = Shop::open().await;
    let manifest = shop.to_folder(1, "out").await.unwrap();
    let file = shop.path("out").join(&manifest.tables[0].files[0].name);
    fs::rename(&file, shop.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(shop.path("elsewhere"), &file).unwrap();
    let refused = verify_export(shop.path("out"));
    assert!(matches!(refused, Err(ImportError::Io { .. })), "{refused:?}");
}

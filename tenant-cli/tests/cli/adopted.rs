//! The modules that `adopt` writes are those that `tests/tests/adopted` compiles. To write them anew:
//! `TENANT_WRITE_DOCS=1 cargo test -p tenant-cli --test cli adopted`.

use std::{fs, path::Path};

use crate::shop::{As, Shop};

const COMPILED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/tests/adopted");

/// An application whose sources are a folder of that test's.
fn writes(name: &str, orm: &str, schema: &str, answers: &str) {
    let shop = Shop::empty(schema);
    shop.write("tenant.toml", answers);
    let compiled = Path::new(COMPILED).join(name);
    copy(&compiled, &shop.path("src").join(name));
    shop.write("Cargo.toml", "[package]\nname = \"shop\"\n");
    let (source, declaration) = (format!("src/{name}"), format!("src/{name}/tenancy.rs"));
    let args = [
        "adopt",
        "--no-migration",
        "--for",
        orm,
        "--source",
        &source,
        "--declaration",
        &declaration,
    ];
    let output = shop.command(As::Superuser, &args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(shop.path(&declaration)).unwrap();
    let path = compiled.join("tenancy.rs");
    if std::env::var_os("TENANT_WRITE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} differs; it wrote:\n{text}", path.display());
}

/// But for the module that is to be written.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else if entry.file_name() != "tenancy.rs" {
            fs::copy(from, to).unwrap();
        }
    }
}

const SAKILA: &str =
    concat!(include_str!("../data/sakila/schema.sql"), include_str!("../data/sakila/data.sql"),);
const ADDRESS: &str = "[adopt.tables]\naddress = \"shared\"\n";

const CHINOOK: &str = include_str!("../../../examples/data/chinook/schema.sql");
const TRACK: &str = "[adopt.tables]\nemployee = \"shared\"\ntrack = \"shared\"\n";

#[test]
fn sakila_with_diesel_is_what_is_compiled() {
    writes("sakila_diesel", "diesel", SAKILA, ADDRESS);
}

#[test]
fn sakila_with_seaorm_is_what_is_compiled() {
    writes("sakila_seaorm", "seaorm", SAKILA, ADDRESS);
}

#[test]
fn chinook_with_diesel_is_what_is_compiled() {
    writes("chinook_diesel", "diesel", CHINOOK, TRACK);
}

#[test]
fn chinook_with_seaorm_is_what_is_compiled() {
    writes("chinook_seaorm", "seaorm", CHINOOK, TRACK);
}

//! `migration`: files that the ORMs' own tools run.

use std::fs;

use crate::shop::{As, Said, Shop};

#[test]
fn a_migration_is_written_for_each_orm() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    for args in [
        &["migration", "--for", "seaorm", "--stamp", "m20261121_000000"][..],
        &["migration", "--for", "diesel", "--stamp", "2026-11-21-000000"],
        &["migration", "--for", "diesel", "--stamp", "2026-11-21-000000"],
        &["migration", "--for", "diesel", "--stamp", "../x"],
        &["migration", "--for", "sqlx"],
    ] {
        // No database is asked for: the file names the roles.
        shop.run(&mut said, As::Nobody, args);
    }
    said.is("migration");
    let rust = shop.path("migration/src/m20261121_000000_tenant_isolation.rs");
    let rust = fs::read_to_string(rust).unwrap();
    assert!(rust.contains("impl MigrationTrait for Migration"), "{rust}");
    let folder = shop.path("migrations/2026-11-21-000000_tenant_isolation");
    assert!(fs::read_to_string(folder.join("up.sql")).unwrap().contains("ROW LEVEL SECURITY"));
    assert!(!folder.join("metadata.toml").exists());
}

#[test]
fn steps_that_run_alone_say_so() {
    let shop = Shop::bare();
    // An index on a table with rows is built beside its writers.
    shop.sql(&format!(
        "CREATE TABLE notes (id uuid PRIMARY KEY, tenant_id uuid NOT NULL);
         INSERT INTO notes VALUES (gen_random_uuid(), '{}')",
        crate::shop::ACME
    ));
    shop.write("tenant.toml", &shop.toml().replace("[\"customers\"", "[\"notes\", \"customers\""));
    let args = ["migration", "--for", "diesel", "--steps", "--stamp", "2026-11-21-000000"];
    let output = shop.command(As::Superuser, &args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let folders: Vec<_> = fs::read_dir(shop.path("migrations")).unwrap().collect();
    assert!(folders.len() > 3, "{folders:?}");
    let alone =
        folders.into_iter().filter(|f| f.as_ref().unwrap().path().join("metadata.toml").exists());
    assert!(alone.count() > 0);
}

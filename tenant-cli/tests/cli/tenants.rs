//! `tenants` and `quota`: a tenant's life.

use std::fs;

use serde_json::Value;

use crate::shop::{ACME, As, Said, Shop};

const ADMIN: As<'_> = As::Role("admin");

#[test]
fn a_tenant_is_made_changed_and_listed() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    for args in [
        &["tenants", "create", "acme", "--name", "Acme Inc.", "--id", ACME, "--plan", "free"][..],
        &["tenants", "create", "acme"],
        &["tenants", "create", "www"],
        &["tenants", "suspend", "acme", "--reason", "unpaid since March"],
        &["tenants", "suspend", "acme", "--reason", "unpaid since March"],
        &["tenants", "resume", ACME, "--reason", "paid"],
        &["tenants", "rename", "acme", "--slug", "acme-inc", "--reason", "asked for"],
        &[
            "tenants",
            "rename",
            "slug=acme-inc",
            "--name",
            "Acme | Sons\n\u{1b}[31m",
            "--reason",
            "asked for",
        ],
        &["tenants", "suspend", "acme", "--reason", "x"],
        &["tenants", "suspend", "acme-inc", "--reason", " "],
        &["tenants", "list"],
        &["tenants", "list", "--format", "markdown"],
        &["tenants", "list", "--status", "suspended"],
    ] {
        shop.run(&mut said, ADMIN, args);
    }
    said.is("tenants");
    let who = shop.value("SELECT string_agg(DISTINCT actor, ',') FROM tenancy.audit");
    assert!(who.starts_with("alice@"), "{who}");
    let named =
        shop.command(ADMIN, &["tenants", "suspend", "acme-inc", "--reason", "x", "--actor", "bob"]);
    assert!({ named }.output().unwrap().status.success());
    assert_eq!(shop.value("SELECT actor FROM tenancy.audit ORDER BY id DESC LIMIT 1"), "bob");
}

#[test]
fn nobody_is_not_who_did_it() {
    let shop = Shop::installed();
    let mut command = shop.command(ADMIN, &["tenants", "create", "acme"]);
    let output = command.env_remove("USER").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--actor"), "{output:?}");
    assert_eq!(shop.value("SELECT count(*) FROM tenancy.tenants"), "0");
}

pub(crate) fn with_rows(shop: &Shop) {
    let made = shop.command(ADMIN, &["tenants", "create", "acme", "--id", ACME]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    shop.sql(&format!(
        "INSERT INTO customers SELECT '{ACME}', i, 'customer ' || i FROM generate_series(1, 3000) AS i;
         INSERT INTO invoices SELECT '{ACME}', i, i, 100 FROM generate_series(1, 3000) AS i"
    ));
}

#[test]
fn rows_go_out_and_come_back_and_are_erased() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    with_rows(&shop);
    for args in [
        &["tenants", "export", "acme", "acme-1", "--reason", "request 4711"][..],
        &["tenants", "export", "acme", "acme-1", "--reason", "request 4711"],
        &["tenants", "export", "acme", "acme.tar", "--rows", "csv", "--reason", "request 4711"],
        &["tenants", "export", "acme", "acme.tar", "--reason", "request 4711"],
        &["tenants", "create", "acme-2", "--id", "0c7d2f7e-4b1a-4a9e-9d51-000000000002"],
        &["tenants", "import", "acme-2", "nowhere", "--reason", "move"],
        &["tenants", "import", "acme-2", "acme.tar", "--reason", "move"],
        &["tenants", "import", "acme-2", "acme-1", "--reason", "move"],
        &["tenants", "erase", "acme", "--reason", "contract ended", "--dry-run"],
        &["tenants", "erase", "acme", "--reason", "contract ended"],
        &[
            "tenants",
            "erase",
            "acme",
            "--reason",
            "contract ended",
            "--yes",
            "--receipt",
            "receipt.json",
        ],
        &["tenants", "erase", "acme", "--reason", "contract ended", "--yes"],
        &["tenants", "erase", "acme-2", "--reason", "x", "--yes", "--receipt", "receipt.json"],
        &["tenants", "erase", "acme-2", "--reason", "x", "--yes", "--keep", "invoices"],
        &["tenants", "erase", "acme-2", "--reason", "x", "--yes", "--sign-with", "k1"],
    ] {
        shop.run(&mut said, ADMIN, args);
    }
    said.is("rows");
    assert_eq!(
        shop.value(&format!("SELECT count(*) FROM customers WHERE tenant_id = '{ACME}'")),
        "0"
    );
    assert_eq!(shop.value("SELECT count(*) FROM customers"), "3000");
    let receipt: Value =
        serde_json::from_str(&fs::read_to_string(shop.path("receipt.json")).unwrap()).unwrap();
    assert!(receipt["actor"].as_str().unwrap().starts_with("alice@"), "{receipt}");
    assert!(!shop.path("acme.tar.partial").exists());
}

#[test]
fn a_quota_is_set_used_and_lifted() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    with_rows(&shop);
    for args in [
        &["quota", "set", "--rows", "invoices", "--max", "5000"][..],
        &["quota", "set", "--counter", "exports", "--max", "5", "--per", "month", "--plan", "free"],
        &["quota", "set", "--rows", "invoices", "--max", "9000", "--tenant", "acme"],
        &["quota", "set", "--rows", "customers", "--max", "10"],
        &["quota", "list"],
        &["quota", "usage", "acme", "--rows", "invoices"],
        &["quota", "usage", "acme", "--rows", "invoices", "--format", "json"],
        &["quota", "lift", "--rows", "invoices"],
        &["quota", "lift", "--rows", "invoices"],
    ] {
        shop.run(&mut said, ADMIN, args);
    }
    said.is("quota");
}

//! What operators do to a tenant's record: held, locked out for a moment, its members, where it lives.

use serde_json::Value;

use crate::{
    shop::{ACME, As, Said, Shop},
    tenants::with_rows,
};

const ADMIN: As<'_> = As::Role("admin");

#[test]
fn a_tenant_is_held_and_locked_out_for_a_moment() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    with_rows(&shop);
    for args in [
        &["tenants", "hold", "acme", "--reason", "case 4711"][..],
        &["tenants", "hold", "acme", "--reason", "case 4711"],
        &["tenants", "erase", "acme", "--reason", "contract ended", "--yes"],
        &["tenants", "show", "acme"],
        &["tenants", "release", "acme", "--reason", "case closed"],
        &["tenants", "release", "acme", "--reason", "case closed"],
        &["tenants", "start-maintenance", "acme", "--reason", "a new index"],
        &["tenants", "suspend", "acme", "--reason", "unpaid"],
        &["tenants", "end-maintenance", "acme", "--reason", "done"],
        &["tenants", "revoke", "acme", "--reason", "a token was lost"],
        &["tenants", "hold", "nobody", "--reason", "x"],
        &["tenants", "hold", "acme"],
    ] {
        shop.run(&mut said, ADMIN, args);
    }
    said.is("hold");
    assert_eq!(shop.value("SELECT count(*) FROM customers"), "3000");
    assert_eq!(shop.value("SELECT epoch FROM tenancy.tenants WHERE slug = 'acme'"), "1");
}

#[test]
fn members_come_and_go() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    with_rows(&shop);
    for args in [
        &["tenants", "members", "list", "acme"][..],
        &["tenants", "members", "add", "acme", "bob", "--reason", "asked for"],
        &["tenants", "members", "add", "acme", "bob", "--reason", "asked for"],
        &["tenants", "members", "add", "acme", "Eve | \u{1b}[31m", "--reason", "asked for"],
        &["tenants", "members", "list", "acme"],
        &["tenants", "members", "list", "acme", "--format", "markdown"],
        &["tenants", "members", "remove", "acme", "bob", "--reason", "left"],
        &["tenants", "members", "remove", "acme", "bob", "--reason", "left"],
        &["tenants", "members", "remove", "acme", "bob"],
    ] {
        shop.run(&mut said, ADMIN, args);
    }
    said.is("members");
    let who = "SELECT count(*) FROM tenancy.audit WHERE detail::text LIKE '%bob%'";
    assert_eq!(shop.value(who), "0");
}

#[test]
fn places_are_made_known_and_looked_at() {
    let (shop, mut said) = (Shop::apart(), Said::default());
    for args in [
        &["databases", "add", "eu-1", "--region", "eu"][..],
        &["databases", "list"],
        &["tenants", "create", "acme", "--id", ACME, "--place", "database:eu-1", "--region", "eu"],
        &["databases", "add", "eu-1", "--region", "us"],
        &["tenants", "create", "globex", "--place", "schema:eu-2/globex"],
        &["tenants", "create", "globex", "--place", "database:eu-1"],
        &["tenants", "create", "globex", "--place", "moon"],
        &["tenants", "create", "globex", "--place", "schema:pg_temp"],
        &["tenants", "create", "globex", "--spare"],
        &["tenants", "place", "acme", "shared:eu-1", "--reason", "restored"],
        &["tenants", "start-maintenance", "acme", "--reason", "restored"],
        &["tenants", "place", "acme", "shared:eu-1", "--reason", "restored"],
    ] {
        shop.run(&mut said, ADMIN, args);
    }
    said.is("places");
    let args = ["tenants", "show", "acme", "--format", "json"];
    let output = shop.command(ADMIN, &args).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["place"], &shown["region"]), (&"shared:eu-1".into(), &"eu".into()));
}

#[test]
fn a_schema_is_made_walled_and_dropped() {
    let (shop, mut said) = (Shop::apart(), Said::default());
    for args in [
        &["schemas", "create", "acme"][..],
        &["schemas", "create", "acme"],
        &["schemas", "create", "globex", "--like", "nowhere"],
        &["schemas", "apply", "acme"],
        &["schemas", "apply", "acme", "--yes"],
        &["schemas", "apply", "nowhere", "--yes"],
        &["schemas", "drop", "acme"],
        &["schemas", "drop", "acme", "--dry-run"],
        &["schemas", "drop", "common", "--yes"],
        &["schemas", "drop", "acme", "--yes"],
        &["schemas", "drop", "acme", "--yes"],
        &["schemas", "drop", "acme", "--yes", "--format", "json"],
    ] {
        shop.run(&mut said, As::Superuser, args);
    }
    said.is("schemas");
    let sql = shop.command(As::Superuser, &["schemas", "create", "acme", "--dry-run"]);
    let sql = { sql }.output().unwrap();
    assert!(String::from_utf8_lossy(&sql.stdout).contains("CREATE SCHEMA"), "{sql:?}");
    let there = "SELECT count(*) FROM pg_namespace WHERE nspname = 'acme'";
    assert_eq!(shop.value(there), "0");
    let events = "SELECT string_agg(event, ',' ORDER BY id) FROM tenancy.audit";
    assert_eq!(shop.value(events), "schema_made,schema_walled,schema_dropped");
}

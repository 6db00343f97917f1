//! `revert`: what `apply` did is taken back.

use crate::{
    sakila::dumped,
    shop::{ACME, As, Said, Shop, installer},
    terminal::Terminal,
};

const ADMIN: As<'_> = As::Role("admin");

/// With rows, and a table that gets its tenant column from us.
fn with_notes() -> Shop {
    let shop = Shop::bare();
    shop.sql(&format!(
        "CREATE TABLE notes (id uuid PRIMARY KEY, body text);
         INSERT INTO customers VALUES ('{ACME}', 1, 'first'), (gen_random_uuid(), 1, 'second');
         INSERT INTO invoices VALUES ('{ACME}', 1, 1, 100)"
    ));
    shop.write("tenant.toml", &shop.toml().replace("[\"customers\"", "[\"notes\", \"customers\""));
    shop
}

/// The schema to the byte, and what it does not show: rows, and what belongs to the server.
fn state(shop: &Shop) -> (Option<String>, String) {
    let other = "SELECT concat_ws(' ', (SELECT string_agg(c::text, ';' ORDER BY c::text) FROM customers AS c), \
         (SELECT string_agg(i::text, ';') FROM invoices AS i), \
         (SELECT coalesce(datacl, acldefault('d', datdba)) FROM pg_database WHERE datname = current_database()), \
         (SELECT count(*) FROM pg_roles WHERE starts_with(rolname::text, current_database() || '_')))";
    (dumped(shop), shop.value(other))
}

fn succeeds(shop: &Shop, args: &[&str]) -> String {
    let output = shop.command(As::Superuser, args).output().unwrap();
    assert!(output.status.success(), "{args:?} {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_was_installed_is_taken_back_to_the_byte() {
    let (shop, mut said) = (with_notes(), Said::default());
    let before = state(&shop);
    let _alone = installer();
    shop.run(&mut said, As::Superuser, &["revert", "--yes"]);
    succeeds(&shop, &["apply", "--yes", "--quiet"]);
    let made = shop.command(ADMIN, &["tenants", "create", "acme", "--id", ACME]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_ne!(state(&shop), before);
    assert_eq!(succeeds(&shop, &["revert", "--dry-run"]), succeeds(&shop, &["plan", "--down"]));
    // It says so before it asks, and so does core.
    let kept = shop.run(&mut said, As::Superuser, &["revert"]);
    assert_eq!(kept.status.code(), Some(4));
    let down = succeeds(&shop, &["revert", "--dry-run"]);
    assert!(shop.db.session().batch_blocking(&down).is_err());
    shop.sql("DELETE FROM tenancy.tenants");
    shop.run(&mut said, As::Superuser, &["revert", "--quiet"]);
    shop.run(&mut said, As::Superuser, &["revert", "--yes", "--format", "json"]);
    assert_eq!(succeeds(&shop, &["diff"]), "Everything is as it was installed.\n");
    shop.run(&mut said, As::Superuser, &["revert", "--yes"]);
    shop.run(&mut said, As::Superuser, &["revert", "--yes"]);
    said.is("revert");
    assert_eq!(state(&shop), before);
}

/// What was only prepared has no walls yet, and goes as well.
#[test]
fn what_was_half_done_is_taken_back_too() {
    let shop = with_notes();
    let before = state(&shop);
    let _alone = installer();
    succeeds(&shop, &["apply", "--prepare-only"]);
    assert_ne!(state(&shop), before);
    let reverted = shop.command(As::Superuser, &["revert", "--yes"]).output().unwrap();
    let remarks = String::from_utf8_lossy(&reverted.stderr);
    assert!(reverted.status.success() && !remarks.contains("policies"), "{remarks}");
    assert_eq!(state(&shop), before);
}

#[test]
fn tenants_own_schemas_are_dropped_first() {
    let shop = Shop::apart();
    succeeds(&shop, &["schemas", "create", "acme"]);
    let _alone = installer();
    let refused = shop.command(As::Superuser, &["revert", "--yes"]).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(4), "{text}");
    assert!(
        text.contains("hang on the isolation: acme; ") && text.contains("schemas drop"),
        "{text}"
    );
    // So does core.
    let down = succeeds(&shop, &["plan", "--down"]);
    assert!(shop.db.session().batch_blocking(&down).is_err());
    succeeds(&shop, &["schemas", "drop", "acme", "--yes"]);
    succeeds(&shop, &["revert", "--yes"]);
    assert_eq!(shop.value("SELECT to_regnamespace('tenancy') IS NULL"), "true");
}

#[test]
fn it_asks_for_the_databases_name() {
    let shop = Shop::installed();
    let _alone = installer();
    let there = || shop.value("SELECT to_regnamespace('tenancy') IS NOT NULL");
    let question = format!("Type `{}` to go on: ", shop.db.name());
    let asked = || {
        let mut terminal = Terminal::run(shop.command(As::Superuser, &["revert"]));
        terminal.until(&question);
        terminal
    };

    let mut wrong = asked();
    wrong.type_line("yes");
    let (seen, status) = wrong.end();
    assert_eq!((status.code(), &*there()), (Some(2), "true"), "{seen}");

    let interrupted = asked();
    interrupted.interrupt();
    let (seen, status) = interrupted.end();
    assert_eq!((status.code(), &*there()), (Some(130), "true"), "{seen}");

    let mut right = asked();
    right.type_line(shop.db.name());
    let (seen, status) = right.end();
    assert_eq!((status.code(), &*there()), (Some(0), "false"), "{seen}");
}

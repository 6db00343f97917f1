//! `plan`, `apply`: the way for a database.

use crate::shop::{As, Said, Shop, installer};

#[test]
fn what_is_planned_is_shown_asked_for_and_done() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    // Whoever is asked in a pipe cannot answer.
    let asked = shop.run(&mut said, As::Superuser, &["apply", "--quiet"]);
    assert_eq!(asked.status.code(), Some(2));
    assert_eq!(shop.value("SELECT to_regnamespace('tenancy') IS NULL"), "true");
    {
        let _alone = installer();
        let done = shop.run(&mut said, As::Superuser, &["apply", "--yes"]);
        assert!(done.status.success());
    }
    shop.run(&mut said, As::Superuser, &["apply", "--yes"]);
    shop.run(&mut said, As::Superuser, &["plan"]);
    shop.run(&mut said, As::Superuser, &["diff"]);
    shop.run(&mut said, As::Superuser, &["audit", "list"]);
    said.is("apply");
}

#[test]
fn a_dry_run_and_a_plan_are_the_same_and_change_nothing() {
    let shop = Shop::bare();
    let text = |args: &[&str]| {
        let output = shop.command(As::Superuser, args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let plan = text(&["plan"]);
    assert!(plan.contains("FORCE ROW LEVEL SECURITY"), "{plan}");
    assert_eq!(plan, text(&["apply", "--dry-run"]));
    assert!(text(&["plan", "--down"]).contains("takes tenant isolation away"));
    let json: serde_json::Value =
        serde_json::from_str(&text(&["plan", "--format", "json"])).unwrap();
    assert!(json["steps"].as_array().unwrap().len() > 3, "{json}");
    assert_eq!(shop.value("SELECT to_regnamespace('tenancy') IS NULL"), "true");
}

#[test]
fn preparing_leaves_the_running_application_as_it_is() {
    let shop = Shop::bare();
    shop.sql("CREATE TABLE notes (id uuid PRIMARY KEY, body text)");
    shop.write("tenant.toml", &shop.toml().replace("[\"customers\"", "[\"notes\", \"customers\""));
    let _alone = installer();
    let prepared = shop.command(As::Superuser, &["apply", "--prepare-only"]).output().unwrap();
    assert!(prepared.status.success(), "{prepared:?}");
    let secured = "SELECT count(*) FROM pg_class WHERE relrowsecurity";
    assert_eq!(shop.value(secured), "0");
    let column = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'tenant_id'";
    assert_eq!(shop.value(column), "1");
    let again = shop.command(As::Superuser, &["apply", "--prepare-only"]).output().unwrap();
    assert!(again.status.success(), "{again:?}");
    let applied = shop.command(As::Superuser, &["apply", "--yes"]).output().unwrap();
    assert!(applied.status.success(), "{applied:?}");
    assert_ne!(shop.value(secured), "0");
}

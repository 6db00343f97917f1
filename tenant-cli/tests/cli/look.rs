//! `lint`, `probe` and `diff`: what only looks.

use serde_json::Value;

use crate::shop::{As, Said, Shop};

#[test]
fn a_sound_database_is_clean_and_ends_with_zero() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    let app_url = shop.url(As::Role("login"));
    for args in [&["lint"][..], &["probe"], &["diff"]] {
        let output =
            shop.command(As::Superuser, args).env("TENANT_APP_URL", &app_url).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        said.add(&shop, args, &output);
    }
    said.is("clean");
}

#[test]
fn what_is_wrong_is_told_in_every_format_and_ends_with_one() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    shop.sql("ALTER TABLE invoices DISABLE ROW LEVEL SECURITY");
    for args in
        [&["lint"][..], &["lint", "--format", "markdown"], &["diff"], &["diff", "--format", "json"]]
    {
        let output = shop.run(&mut said, As::Superuser, args);
        assert_eq!(output.status.code(), Some(1));
    }
    said.is("found");

    let json = |args: &[&str]| -> Value {
        let mut command = shop.command(As::Superuser, args);
        let output = command.env("TENANT_APP_URL", shop.url(As::Role("login"))).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let lint = json(&["lint", "--format", "json"]);
    assert_eq!(lint["findings"][0]["code"], "TEN004", "{lint}");
    assert_eq!(json(&["lint", "--format", "sarif"])["version"], "2.1.0");
    let probe = json(&["probe", "--format", "json"]);
    let leaked = probe["attempts"].as_array().unwrap().iter();
    assert!(leaked.filter(|a| a["outcome"]["outcome"] == "leaked").count() > 0, "{probe}");
}

#[test]
fn the_exit_code_follows_the_severity_that_was_asked_for() {
    let shop = Shop::installed();
    shop.write(
        "tenant.toml",
        &format!(
            "{}[[suppress]]\ncode = \"TEN001\"\nobject = \"table public.gone\"\nreason = \"once\"\n",
            shop.toml()
        ),
    );
    // A suppression that matches nothing is itself found, and is no error.
    let code = |fail_on| {
        let output = shop.command(As::Superuser, &["lint", "--fail-on", fail_on]).output().unwrap();
        output.status.code().unwrap()
    };
    assert_eq!(code("error"), 0);
    assert_eq!(code("info"), 1);
}

#[test]
fn a_run_is_recorded_where_that_is_asked_for() {
    let shop = Shop::installed();
    let output = shop.command(As::Superuser, &["lint", "--record"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let by = shop.value("SELECT actor FROM tenancy.audit WHERE event = 'linted'");
    assert!(by.starts_with("alice@"), "{by}");
}

/// As the twin of the clean probe: a login that is not the application's proves nothing.
#[test]
fn a_probe_with_another_login_says_so() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    let mut command = shop.command(As::Superuser, &["probe"]);
    let output = command.env("TENANT_APP_URL", shop.url(As::Superuser)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    said.add(&shop, &["probe"], &output);
    said.is("probe_as_superuser");
}

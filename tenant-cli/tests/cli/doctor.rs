//! `doctor`: the page for whoever has to answer for it.

use crate::shop::{As, Said, Shop};

fn doctor(shop: &Shop, said: &mut Said, args: &[&str]) -> std::process::Output {
    let mut command = shop.command(As::Superuser, args);
    let output = command.env("TENANT_APP_URL", shop.url(As::Role("login"))).output().unwrap();
    said.add(shop, args, &output);
    output
}

#[test]
fn a_sound_database_is_good_and_a_holed_one_bad() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    let sound = doctor(&shop, &mut said, &["doctor"]);
    assert_eq!(sound.status.code(), Some(0), "{sound:?}");
    shop.sql("DROP TABLE plans; ALTER TABLE customers NO FORCE ROW LEVEL SECURITY; CREATE TABLE \"<script>{head}\" (x int)");
    let holed = doctor(&shop, &mut said, &["doctor", "--fail-on", "error"]);
    assert_eq!(holed.status.code(), Some(1));
    doctor(&shop, &mut said, &["doctor", "--format", "markdown"]);
    said.is("doctor");

    let mut unsaid = Said::default();
    let html = doctor(&shop, &mut unsaid, &["doctor", "--format", "html"]);
    let html = String::from_utf8(html.stdout).unwrap();
    assert!(
        html.starts_with("<!DOCTYPE html>") && html.contains("not safely kept apart"),
        "{html}"
    );
    assert!(!html.contains("<script"), "{html}");
    let sarif = doctor(&shop, &mut unsaid, &["doctor", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_slice(&sarif.stdout).unwrap();
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    let json = doctor(&shop, &mut unsaid, &["doctor", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["state"], "bad");
}

/// What could not be looked at is no good news.
#[test]
fn what_was_not_looked_at_is_said() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    let output = shop.run(&mut said, As::Superuser, &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    shop.run(&mut said, As::Superuser, &["doctor", "--fail-on", "error", "--quiet"]);
    shop.run(&mut said, As::Role("admin"), &["doctor"]);
    said.is("doctor_unsure");
    let bare = Shop::bare();
    let bare = bare.command(As::Superuser, &["doctor", "--fail-on", "error"]).output().unwrap();
    assert_eq!(bare.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bare.stdout).contains("steps missing"), "{bare:?}");
}

//! A schema made by the isolation holds, nothing is left, and nothing is shown.

use tenant_core::{Outcome, Report, TenantKey};

use crate::fixture::{CANARY, Shop, leaks};

fn held(report: &Report) -> usize {
    report.attempts.iter().filter(|a| matches!(a.outcome, Outcome::Held { .. })).count()
}

pub(crate) fn nothing_changed(before: &str, after: &str) {
    let changed: Vec<&str> =
        after.lines().filter(|line| !before.lines().any(|l| l == *line)).collect();
    assert_eq!(changed, Vec::<&str>::new());
    assert_eq!(before.lines().count(), after.lines().count());
}

async fn holds_and_leaves_nothing(shop: Shop, at_least: usize) {
    let before = shop.state().await;
    let report = shop.attacked().await;
    if std::env::var_os("SHOW").is_some() {
        for a in &report.attempts {
            eprintln!("{} {} {}: {:?}", a.code, a.name, a.object, a.outcome);
        }
    }
    assert_eq!(leaks(&report), []);
    assert!(report.is_clean(), "{report}");
    assert!(held(&report) >= at_least, "{report}");
    nothing_changed(&before, &shop.state().await);
    assert_eq!(shop.locks().await, 0);
    let text = format!("{report}{}", serde_json::to_string(&report).unwrap());
    assert!(!text.contains(CANARY) && !text.contains("canary"));
}

#[tokio::test]
async fn a_schema_with_uuid_keys_holds_and_nothing_is_left() {
    holds_and_leaves_nothing(Shop::open(TenantKey::Uuid).await, 400).await;
}

#[tokio::test]
async fn a_schema_with_bigint_keys_holds_and_nothing_is_left() {
    holds_and_leaves_nothing(Shop::open(TenantKey::Bigint).await, 400).await;
}

#[tokio::test]
async fn a_schema_with_text_keys_holds_and_nothing_is_left() {
    holds_and_leaves_nothing(Shop::open(TenantKey::Text).await, 400).await;
}

#[tokio::test]
async fn a_schema_with_one_role_holds_and_nothing_is_left() {
    holds_and_leaves_nothing(Shop::single(TenantKey::Uuid).await, 300).await;
}

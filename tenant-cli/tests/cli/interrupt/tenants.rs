//! What is done to one tenant.

use super::interrupted_at;
use crate::{shop::Shop, tenants::with_rows};

#[test]
fn a_tenant_is_made_as_a_whole_or_not_at_all() {
    let shop = Shop::installed();
    let proxy = shop.db.proxy_blocking().unwrap();
    let mut codes = Vec::new();
    for bursts in 1..=14 {
        let slug = format!("acme-{bursts}");
        let output = interrupted_at(&shop, &proxy, bursts, &["tenants", "create", &slug]);
        let made =
            shop.value(&format!("SELECT count(*) FROM tenancy.tenants WHERE slug = '{slug}'"));
        let recorded = shop.value(&format!(
            "SELECT count(*) FROM tenancy.audit AS a JOIN tenancy.tenants AS t ON a.tenant = t.id::text \
             WHERE t.slug = '{slug}' AND a.event = 'created'"
        ));
        assert_eq!(made, recorded, "{output:?}");
        // Who is told that it was done finds it, and who is told of an error does not.
        let said_done = String::from_utf8_lossy(&output.stdout).contains("is made");
        assert_eq!(said_done, made == "1", "{output:?}");
        codes.push(output.status.code().unwrap());
    }
    assert!(codes.contains(&130) && codes.iter().all(|code| [0, 130].contains(code)), "{codes:?}");
    let records = shop.value("SELECT count(*) FROM tenancy.audit WHERE event = 'created'");
    assert_eq!(records, shop.value("SELECT count(*) FROM tenancy.tenants"));
}

#[test]
fn an_erasure_is_whole_or_nothing() {
    let shop = Shop::installed();
    with_rows(&shop);
    let proxy = shop.db.proxy_blocking().unwrap();
    for bursts in [1, 2, 3, 5, 8, 13, 21, 34, 55, usize::MAX] {
        let args =
            ["tenants", "erase", "acme", "--reason", "r", "--yes", "--receipt", "receipt.json"];
        let output = interrupted_at(&shop, &proxy, bursts, &args);
        let left = shop.value("SELECT count(*) FROM customers")
            + &shop.value("SELECT count(*) FROM invoices");
        let stones = shop.value("SELECT count(*) FROM tenancy.tombstones");
        assert!(
            (&*left, &*stones) == ("30003000", "0") || (&*left, &*stones) == ("00", "1"),
            "{left} {output:?}"
        );
        assert_eq!(shop.path("receipt.json").exists(), stones == "1", "{output:?}");
        if stones == "1" {
            return;
        }
        assert_eq!(output.status.code(), Some(130), "{output:?}");
    }
    panic!("it was never left to end");
}

#[test]
fn an_interrupted_export_leaves_nothing() {
    let shop = Shop::installed();
    with_rows(&shop);
    let proxy = shop.db.proxy_blocking().unwrap();
    for path in ["acme-1", "acme.tar"] {
        let args = ["tenants", "export", "acme", path, "--reason", "r"];
        let output = interrupted_at(&shop, &proxy, 9, &args);
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        assert!(!shop.path(path).exists() && !shop.path(&format!("{path}.partial")).exists());
    }
}

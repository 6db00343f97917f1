//! `audit` and `key`.

use crate::shop::{ACME, As, Said, Shop};

#[test]
fn a_sound_log_ends_with_zero_and_a_changed_one_with_one() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    let admin = As::Role("admin");
    shop.run(&mut said, admin, &["audit", "list"]);
    shop.run(&mut said, admin, &["tenants", "create", "acme", "--id", ACME]);
    let verified = shop.run(&mut said, admin, &["audit", "verify"]);
    let head = String::from_utf8(verified.stdout).unwrap().trim().to_owned();
    shop.run(&mut said, admin, &["tenants", "suspend", "acme", "--reason", "unpaid"]);
    let since = shop.run(&mut said, admin, &["audit", "verify", "--since", &head]);
    assert!(since.status.success(), "{since:?}");
    shop.run(&mut said, admin, &["audit", "list", "--limit", "1"]);
    // Only the owner of the table could, and would have to take its trigger down.
    shop.sql(
        "ALTER TABLE tenancy.audit DISABLE TRIGGER ALL;
         UPDATE tenancy.audit SET actor = 'mallory' WHERE id = 1;
         ALTER TABLE tenancy.audit ENABLE TRIGGER ALL",
    );
    let changed = shop.run(&mut said, admin, &["audit", "verify"]);
    assert_eq!(changed.status.code(), Some(1));
    said.is("audit");
}

#[test]
fn a_key_is_rotated_without_being_shown() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    let secret = |digit: &str| digit.repeat(64);
    let keyed = |said: &mut Said, args: &[&str], secret: &str| {
        let mut command = shop.command(As::Superuser, args);
        let output = command.env("TENANT_SEAL_KEY", secret).output().unwrap();
        let text = String::from_utf8([&*output.stdout, &*output.stderr].concat()).unwrap();
        assert!(secret.is_empty() || !text.contains(secret), "{text}");
        said.add(&shop, args, &output);
    };
    shop.run(&mut said, As::Superuser, &["key", "rotate", "k1"]);
    keyed(&mut said, &["key", "rotate", "k1"], "GEHEIM");
    keyed(&mut said, &["key", "rotate", "k1"], &secret("1"));
    keyed(&mut said, &["key", "rotate", "k1"], &secret("2"));
    keyed(&mut said, &["key", "rotate", "k2"], &secret("2"));
    shop.run(&mut said, As::Superuser, &["key", "retire", "k1"]);
    shop.run(&mut said, As::Superuser, &["key", "retire", "k1", "--yes"]);
    shop.run(&mut said, As::Superuser, &["key", "retire", "k2", "--yes"]);
    shop.run(&mut said, As::Superuser, &["key", "renew-database"]);
    said.is("key");
    assert_eq!(
        shop.value(
            "SELECT string_agg(name, ',') FROM tenancy.seal_keys WHERE kind = 'application'"
        ),
        "k2"
    );
}

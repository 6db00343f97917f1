//! What is in a file is as it was written, or it is not.

use std::{fs, process::Output};

use crate::{
    shop::{ACME, As, Said, Shop},
    tenants::with_rows,
};

const ADMIN: As<'_> = As::Role("admin");

#[test]
fn a_changed_export_is_found() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    with_rows(&shop);
    shop.run(&mut said, ADMIN, &["tenants", "export", "acme", "acme", "--reason", "request 4711"]);
    shop.run(&mut said, As::Nobody, &["tenants", "verify-export", "acme"]);
    let folder = fs::read_dir(shop.path("acme")).unwrap().map(|entry| entry.unwrap().path());
    let rows =
        folder.into_iter().find(|path| path.to_string_lossy().contains("customers")).unwrap();
    let text = fs::read_to_string(&rows).unwrap().replacen("customer 7", "customer 8", 1);
    fs::write(rows, text).unwrap();
    let changed = shop.run(&mut said, As::Nobody, &["tenants", "verify-export", "acme"]);
    assert_eq!(changed.status.code(), Some(1));
    shop.run(&mut said, As::Nobody, &["tenants", "verify-export", "nowhere"]);
    said.is("verify_export");
}

#[test]
fn a_changed_receipt_is_found_and_an_id_is_given_again() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    with_rows(&shop);
    let secret = "1".repeat(64);
    let keyed = |said: &mut Said, login, args: &[&str], secret: &str| -> Output {
        let output = shop.command(login, args).env("TENANT_SEAL_KEY", secret).output().unwrap();
        said.add(&shop, args, &output);
        output
    };
    let erase = ["tenants", "erase", "acme", "--reason", "r", "--yes", "--receipt", "acme.json"];
    let signed = [&erase[..], &["--sign-with", "k1"]].concat();
    let erased = shop.command(ADMIN, &signed).env("TENANT_SEAL_KEY", &secret).output().unwrap();
    assert!(erased.status.success(), "{erased:?}");
    let verify = ["tenants", "verify-receipt", "acme.json"];
    shop.run(&mut said, As::Nobody, &verify);
    keyed(&mut said, As::Nobody, &verify, &secret);
    keyed(&mut said, As::Nobody, &verify, &"2".repeat(64));
    let receipt = fs::read_to_string(shop.path("acme.json")).unwrap();
    shop.write("acme.json", &receipt.replace("3000", "2999"));
    let changed = keyed(&mut said, As::Nobody, &verify, &secret);
    assert_eq!(changed.status.code(), Some(1));
    shop.write("acme.json", "{}");
    keyed(&mut said, As::Nobody, &verify, &secret);
    shop.run(&mut said, As::Nobody, &["tenants", "verify-receipt", "nowhere.json"]);

    let lift = ["tenants", "lift-tombstone", ACME, "--reason", "the customer is back"];
    for (login, args) in [
        (ADMIN, &["tenants", "create", "acme", "--id", ACME][..]),
        (ADMIN, &lift),
        (As::Superuser, &lift),
        (As::Superuser, &lift),
        (ADMIN, &["tenants", "create", "acme", "--id", ACME]),
    ] {
        shop.run(&mut said, login, args);
    }
    said.is("verify_receipt");
}

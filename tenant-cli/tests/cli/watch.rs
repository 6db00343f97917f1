//! `adopt watch` on Sakila: an application that forgets its tenant is seen, refused nothing, and clean once
//! it is mended; and then nothing of it is left.

use std::process::Output;

use tenant_core::SqlSession;

use crate::{
    sakila::{dumped, sakila},
    shop::{As, Said, Shop, futures, installer},
};

/// What a clerk of the first store does, as it was always done.
const FORGETFUL: [&str; 4] = [
    "INSERT INTO rental (rental_date, inventory_id, customer_id, staff_id) VALUES ('2026-11-21', 4, 3, 1)",
    "UPDATE customer SET email = 'secret@example.org' WHERE customer_id = 3",
    "INSERT INTO payment_p2007_01 (customer_id, staff_id, rental_id, amount, payment_date)
       SELECT customer_id, staff_id, rental_id, 4.99, '2007-01-20' FROM rental WHERE rental_date = '2026-11-21'",
    "DELETE FROM inventory WHERE inventory_id = 1000",
];

/// In one transaction that has set this store, and undone by it, so that the next finds the same.
fn clerk(shop: &Shop, store: &str, sql: &[&str]) {
    let undone = [
        "DELETE FROM payment WHERE payment_date = '2007-01-20' AND amount = 4.99",
        "DELETE FROM rental WHERE rental_date = '2026-11-21'",
        "COMMIT",
    ];
    let set = format!("SELECT set_config('app.current_tenant_id', '{store}', true)");
    futures(async {
        let session = shop.db.session().dedicated().await.unwrap();
        for sql in ["SET application_name = 'till'", "BEGIN", &set].iter().chain(sql).chain(&undone)
        {
            session.batch(sql).await.unwrap();
        }
    });
}

fn report(shop: &Shop, more: &[&str]) -> Output {
    let args = [&["adopt", "watch", "report"], more].concat();
    shop.command(As::Superuser, &args).output().unwrap()
}

#[test]
fn what_sakilas_clerks_forget_is_seen_until_it_is_mended() {
    let (shop, mut said) = (sakila(), Said::default());
    shop.run(&mut said, As::Superuser, &["adopt", "watch", "report"]);
    shop.run(&mut said, As::Superuser, &["adopt", "watch", "on", "rental"]);
    let adopted = shop.command(As::Superuser, &["adopt", "--no-migration"]).output().unwrap();
    assert!(adopted.status.success(), "{adopted:?}");
    let before = dumped(&shop);

    shop.run(&mut said, As::Superuser, &["adopt", "watch", "on"]);
    shop.run(&mut said, As::Superuser, &["adopt", "watch", "on", "film"]);
    let customers = shop.run(&mut said, As::Superuser, &["adopt", "watch", "on", "customer"]);
    assert!(customers.status.success());
    let all = shop.command(As::Superuser, &["adopt", "watch", "on", "--all"]).output().unwrap();
    assert!(all.status.success(), "{all:?}");
    let clean = report(&shop, &[]);
    assert_eq!(clean.status.code(), Some(0), "{clean:?}");

    clerk(&shop, "", &FORGETFUL);
    // Of another store.
    clerk(&shop, "3", &["UPDATE customer SET active = 1 WHERE customer_id = 3"]);
    let forgot = shop.run(&mut said, As::Superuser, &["adopt", "watch", "report"]);
    assert_eq!(forgot.status.code(), Some(1));
    let text = String::from_utf8(forgot.stdout).unwrap();
    assert!(!text.contains("secret"), "{text}");

    // Mended: the same in the clerk's own store, from now on.
    let mended = shop.value("clock_timestamp()");
    clerk(&shop, "1", &FORGETFUL);
    let since = report(&shop, &["--since", &mended]);
    assert_eq!(since.status.code(), Some(0), "{since:?}");
    let json = report(&shop, &["--format", "json", "--login", "nobody"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["tables"].as_array().unwrap().len(), 6);
    assert_eq!(json["writes"].as_array().unwrap().len(), 0);
    let markdown = report(&shop, &["--format", "markdown"]);
    let markdown = String::from_utf8(markdown.stdout).unwrap();
    assert!(markdown.contains("| rental | INSERT | no tenant | 1 | 1 |"), "{markdown}");

    shop.run(&mut said, As::Superuser, &["adopt", "watch", "off", "rental"]);
    shop.run(&mut said, As::Superuser, &["adopt", "watch", "off"]);
    assert_eq!(dumped(&shop), before);
    said.is("watch");
}

/// With the columns there, and the triggers that fill them: by the column, and gone without a trace.
#[test]
fn a_prepared_database_is_watched_by_its_columns() {
    let shop = sakila();
    let before = dumped(&shop);
    let succeeds = |args: &[&str]| {
        let output = shop.command(As::Superuser, args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    succeeds(&["adopt", "--no-migration"]);
    succeeds(&["adopt", "watch", "on", "--all"]);
    let alone = installer();
    succeeds(&["apply", "--yes", "--prepare-only"]);
    drop(alone);
    // The rows that got their tenant meanwhile are nobody's writes.
    succeeds(&["adopt", "watch", "report"]);
    let on = succeeds(&["adopt", "watch", "on", "--all"]);
    assert_eq!(on.matches(" tenant_id ").count(), 6, "{on}");
    clerk(&shop, "1", &FORGETFUL);
    succeeds(&["adopt", "watch", "report"]);
    clerk(&shop, "2", &FORGETFUL);
    let seen = report(&shop, &["--format", "json"]);
    let seen: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
    let seen = seen["writes"].as_array().unwrap();
    assert!(seen.iter().all(|write| write["reason"] == "other tenant"), "{seen:#?}");
    assert_eq!(seen.len(), 5, "{seen:#?}");
    succeeds(&["adopt", "watch", "off"]);
    let _alone = installer();
    let down = succeeds(&["plan", "--down"]);
    shop.sql(&down);
    assert_eq!(dumped(&shop), before);
}

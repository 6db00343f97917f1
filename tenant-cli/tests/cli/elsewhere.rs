//! A tenant that lives in another database: exported from there, and what is to be done for the rest.

use std::process::Output;

use crate::{
    shop::{ACME, As, Said, Shop},
    tenants::with_rows,
};

const ADMIN: As<'_> = As::Role("admin");

/// The tenant's rows are in the second one, which the file calls `eu-1`.
fn apart() -> (Shop, Shop) {
    let shop = Shop::apart();
    let toml = format!("shared_schema = \"common\"\n{}", shop.toml());
    let there = Shop::apart_with(&toml);
    with_rows(&shop);
    let url = there.db.url(&shop.role("admin"));
    shop.write("tenant.toml", &format!("{toml}[databases]\neu-1 = \"{url}\"\n"));
    for args in [
        &["databases", "add", "eu-1"][..],
        &[
            "tenants",
            "move",
            "acme",
            "--to",
            "database:eu-1",
            "--keep-source",
            "0",
            "--reason",
            "r",
        ],
    ] {
        let done = shop.command(ADMIN, args).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    (shop, there)
}

fn rows(shop: &Shop) -> String {
    shop.value("SELECT count(*) FROM customers")
}

#[test]
fn a_tenant_of_another_database_is_exported_and_erased() {
    let ((shop, there), mut said) = (apart(), Said::default());
    let mut run = |args: &[&str]| shop.run(&mut said, ADMIN, args);
    assert_eq!((rows(&shop), rows(&there)), ("0".to_owned(), "3000".to_owned()));
    run(&["tenants", "export", "acme", "acme", "--reason", "request 4711"]);
    run(&["tenants", "export", "acme", "acme.tar", "--reason", "request 4711"]);
    run(&["tenants", "import", "acme", "acme", "--reason", "restored"]);
    run(&["tenants", "erase", "acme", "--reason", "contract ended", "--dry-run"]);
    run(&["tenants", "hold", "acme", "--reason", "case 4711"]);
    run(&["tenants", "erase", "acme", "--reason", "contract ended", "--yes"]);
    run(&["tenants", "release", "acme", "--reason", "case closed"]);
    run(&["tenants", "erase", "acme", "--reason", "contract ended", "--yes"]);
    assert_eq!(rows(&there), "3000");

    // By hand, as docs/placement.md has it.
    run(&["tenants", "start-maintenance", "acme", "--reason", "contract ended"]);
    let args = ["tenants", "erase", ACME, "--unregistered", "--reason", "contract ended", "--yes"];
    let args = [&args[..], &["--receipt", "there.json"]].concat();
    let url = there.db.url(&shop.role("admin"));
    let erased: Output = shop.command(ADMIN, &args).env("DATABASE_URL", url).output().unwrap();
    assert!(erased.status.success(), "{erased:?}");
    assert_eq!(rows(&there), "0");
    run(&["tenants", "place", "acme", "shared", "--reason", "contract ended"]);
    let last = ["tenants", "erase", "acme", "--reason", "contract ended", "--yes"];
    let last = run(&[&last[..], &["--receipt", "here.json"]].concat());
    assert!(last.status.success(), "{last:?}");
    said.is("elsewhere");
    let logged = "SELECT string_agg(event, ',' ORDER BY id) FROM tenancy.audit WHERE event ~ '^(export|eras)'";
    assert_eq!(shop.value(logged), "exported,exported,exported,exported,erased");
    assert_eq!(there.value(logged), "erased");
}

/// Nothing is exported from a database that is the wrong one, or away.
#[test]
fn where_it_lives_must_be_said_and_reached() {
    let (shop, there) = apart();
    let export = ["tenants", "export", "acme", "acme", "--reason", "r"];
    let with = |url: &str| {
        let mut command = shop.command(ADMIN, &export);
        command.env("DATABASE_URL_EU_1", url).output().unwrap()
    };
    let away = with("postgres://alice@127.0.0.1:1/shop");
    assert_eq!(away.status.code(), Some(3), "{away:?}");
    // A login there that may not read, as the twin shows that it may elsewhere.
    let denied = with(&there.db.url(&shop.role("login")));
    assert_eq!(denied.status.code(), Some(4), "{denied:?}");
    assert!(!shop.path("acme").exists() && !shop.path("acme.partial").exists());
    assert!(with(&there.db.url(&shop.role("admin"))).status.success());
}

//! `tenants move`: elsewhere and back, cancelled, gone on with, refused.

use crate::{
    shop::{ACME, As, Said, Shop},
    tenants::with_rows,
};

const ADMIN: As<'_> = As::Role("admin");

/// With a tenant in shared tables, and an empty schema for it.
pub(crate) fn with_a_schema() -> Shop {
    let shop = Shop::apart();
    with_rows(&shop);
    let made = shop.command(As::Superuser, &["schemas", "create", "acme"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    shop
}

const REASON: [&str; 2] = ["--reason", "request 4711"];

fn moved(args: &[&'static str]) -> Vec<&'static str> {
    [&["tenants", "move", "acme"], args, &REASON].concat()
}

#[test]
fn a_tenant_moves_and_comes_back() {
    let (shop, mut said) = (with_a_schema(), Said::default());
    for args in [
        moved(&[]),
        moved(&["--cancel"]),
        moved(&["--to", "schema:nowhere"]),
        moved(&["--to", "database:eu-1"]),
        moved(&["--to", "shared"]),
        moved(&["--to", "schema:acme", "--keep-source", "0"]),
        vec!["tenants", "show", "acme"],
        vec!["tenants", "export", "acme", "acme.tar", "--reason", "request 4711"],
        vec!["tenants", "hold", "acme", "--reason", "case 4711"],
        moved(&["--to", "shared", "--keep-source", "0"]),
        vec!["tenants", "release", "acme", "--reason", "case closed"],
    ] {
        shop.run(&mut said, ADMIN, &args);
    }
    let rows = |schema: &str| shop.value(&format!("SELECT count(*) FROM {schema}.customers"));
    assert_eq!((rows("public"), rows("acme")), ("0".to_owned(), "3000".to_owned()));
    let json = moved(&["--to", "shared", "--keep-source", "0", "--format", "json", "--quiet"]);
    let back = shop.command(ADMIN, &json).output().unwrap();
    assert!(back.status.success() && back.stderr.is_empty(), "{back:?}");
    let back: serde_json::Value = serde_json::from_slice(&back.stdout).unwrap();
    assert_eq!(
        (&back["from"]["schema"], &back["tables"][0]["rows"]),
        (&"acme".into(), &3000.into())
    );
    assert_eq!((rows("public"), rows("acme")), ("3000".to_owned(), "0".to_owned()));
    said.is("move");
}

/// A trigger of the application's stops it half-way.
#[test]
fn a_move_that_stopped_is_gone_on_with_or_cancelled() {
    let (shop, mut said) = (with_a_schema(), Said::default());
    shop.sql(
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$not now$$; END';
         CREATE TRIGGER stop BEFORE INSERT ON acme.invoices FOR EACH ROW EXECUTE FUNCTION stop()",
    );
    shop.run(&mut said, ADMIN, &moved(&["--to", "schema:acme", "--keep-source", "0"]));
    shop.run(&mut said, ADMIN, &["tenants", "show", "acme"]);
    shop.run(&mut said, ADMIN, &moved(&["--to", "schema:globex"]));
    shop.run(&mut said, ADMIN, &moved(&["--cancel"]));
    shop.run(&mut said, ADMIN, &moved(&["--to", "schema:acme", "--keep-source", "0"]));
    shop.sql("DROP TRIGGER stop ON acme.invoices");
    let done = shop.run(&mut said, ADMIN, &moved(&["--keep-source", "0"]));
    assert!(done.status.success(), "{done:?}");
    said.is("move_stopped");
    assert_eq!(shop.value("SELECT count(*) FROM acme.invoices"), "3000");
}

#[test]
fn one_variable_is_not_two_databases() {
    let (shop, mut said) = (with_a_schema(), Said::default());
    shop.run(&mut said, ADMIN, &["databases", "add", "eu-1"]);
    shop.run(&mut said, ADMIN, &["databases", "add", "eu_1"]);
    for place in ["database:eu-1", "database:eu_1"] {
        let to = moved(&["--to", place]);
        let url = shop.db.url(&shop.role("admin"));
        let output = shop.command(ADMIN, &to).env("DATABASE_URL_EU_1", &url).output().unwrap();
        said.add(&shop, &to, &output);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    said.is("move_two_databases");
}

#[test]
fn another_database_is_found_by_its_name() {
    let (shop, mut said) = (with_a_schema(), Said::default());
    // Roles are the server's: the other database has those of the first.
    let toml = format!("shared_schema = \"common\"\n{}", shop.toml());
    let other = Shop::apart_with(&toml);
    shop.run(&mut said, ADMIN, &["databases", "add", "eu-1"]);
    let to = moved(&["--to", "database:eu-1", "--keep-source", "0"]);
    shop.run(&mut said, ADMIN, &to);
    let url = other.db.url(&shop.role("admin"));
    let output = shop.command(ADMIN, &to).env("DATABASE_URL_EU_1", &url).output().unwrap();
    said.add(&shop, &to, &output);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        other.value(&format!("SELECT count(*) FROM customers WHERE tenant_id = '{ACME}'")),
        "3000"
    );
    // The same from the file, back again.
    shop.write("tenant.toml", &format!("{toml}[databases]\neu-1 = \"{url}\"\n"));
    let back = shop.run(&mut said, ADMIN, &moved(&["--to", "shared", "--keep-source", "0"]));
    assert!(back.status.success(), "{back:?}");
    said.is("move_database");
    assert_eq!(shop.value("SELECT count(*) FROM customers"), "3000");
}

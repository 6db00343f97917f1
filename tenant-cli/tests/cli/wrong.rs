//! Whatever a new user gets wrong first.

use crate::shop::{As, Said, Shop, program};

#[test]
fn wrong_flags_and_words_say_what_there_is() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    for args in [
        &[][..],
        &["lnit"],
        &["lint", "--fromat", "json"],
        &["lint", "--format", "xml"],
        &["tenants", "suspend", "acme"],
        &["tenants", "rename", "acme", "--reason", "x"],
        &["tenants", "list", "--format", "sarif"],
        &["quota", "set", "--max", "3"],
        &["audit", "verify", "--since", "yesterday"],
        &["doctor", "extra"],
        &["migrate"],
        &["migrate", "run", "--parallel", "many"],
        &["tenants", "move", "acme", "--to", "moon", "--reason", "x"],
        &["tenants", "move", "acme", "--keep-source", "soon", "--reason", "x"],
        &["tenants", "move", "acme", "--to", "schema:acme", "--cancel", "--reason", "x"],
        &["tenants", "members", "add", "acme"],
        &["databases", "list", "--format", "html"],
    ] {
        shop.run(&mut said, As::Superuser, args);
    }
    said.is("wrong_flags");
}

#[test]
fn help_says_what_every_command_is_for() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    for args in [
        &["--help"][..],
        &["apply", "--help"],
        &["tenants", "erase", "--help"],
        &["tenants", "--help"],
        &["tenants", "move", "--help"],
        &["migrate", "run", "--help"],
    ] {
        shop.run(&mut said, As::Nobody, args);
    }
    said.is("help");
}

#[test]
fn without_a_database_it_says_how_to_name_one() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    shop.run(&mut said, As::Nobody, &["lint"]);
    shop.run(&mut said, As::Nobody, &["probe"]);
    shop.run(&mut said, As::Nobody, &["migrate", "status"]);
    for url in [
        "postgres://alice@/nowhere?host=/nonexistent",
        "postgres://alice@127.0.0.1:1/shop",
        "mysql://alice@localhost/shop",
        "postgres://localhost/shop",
    ] {
        let output = shop.command(As::Nobody, &["lint"]).env("DATABASE_URL", url).output().unwrap();
        said.add(&shop, &["lint"], &output);
    }
    let gone = shop.url(As::Superuser).replace(shop.db.name(), "no_such_database");
    let output = shop.command(As::Nobody, &["lint"]).env("DATABASE_URL", gone).output().unwrap();
    said.add(&shop, &["lint"], &output);
    said.is("no_database");
}

#[test]
fn a_broken_file_is_named_with_line_and_column() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    for text in [
        "role_prefix = \"shop\"\ntenat_tables = [\"customers\"]\n",
        "role_prefix = shop\n",
        "key = \"int\"\n",
        "tenant_tables = [\"customers\"]\nshared_tables = [\n  \"public.customers\",\n]\n",
        "tenant_tables = [\"a.b.c\"]\n",
        "tenant_tables = [{ name = \"invoices\", colum = \"account_id\" }]\n",
        "tenant_tables = [7]\n",
        "role_prefix = \"shop\"\nsingle_role = \"shop_app\"\n",
        "setting = \"tenant\"\n",
        "binding = \"sealed\"\nsource = { jwt = [\"tenant_id\"] }\n",
        "tenant_tables = [{ name = \"invoices\", backfill = { tenant = \"acme\" } }]\n",
        "citus = true\nbinding = \"sealed\"\n",
        "citus = true\ntenant_tables = [{ name = \"invoices\", count_rows = true }]\n",
        "[isolation]\nleakproof = [\"jsonb\"]\n",
        "[isolation]\nrevoke_set_config = true\n",
        "tenant_tables = [\"notes\"]\n[[isolation.search]]\nname = \"notes\"\ntable = \"plans\"\nkey = \"id\"\nby = { part = \"title\" }\n",
        "tenant_tables = [\"notes\"]\n[[isolation.search]]\nname = \"notes\"\ntable = \"notes\"\nby = { part = \"title\" }\n",
        "tenant_tables = [\"notes\"]\n[[isolation.search]]\nname = \"notes\"\ntable = \"notes\"\nkey = \"id\"\nby = { title = \"x\" }\n",
        "tenant_tables = [\"notes\"]\n[isolation]\nsearch = [\n  { name = \"a\", table = \"notes\", key = \"id\", by = { json = \"j\" } },\n  { name = \"a\", table = \"notes\", key = \"id\", by = { range = \"r\" } },\n]\n",
        "[isolation]\nsearch = [{ name = \"a\", table = \"notes\", key = \"id\", by = { json = \"j\" }, oldest_first = \"id\", newest_first = \"id\" }]\n",
        "single_role = \"shop_app\"\ntenant_tables = [\"notes\"]\n[isolation]\nsearch = [{ name = \"a\", table = \"notes\", key = \"id\", by = { json = \"j\" } }]\n",
        "single_role = \"shop_app\"\nschema_roles = true\n",
        "shared_schema = \"common\"\ntenant_tables = [\"customers\", \"common.plans\"]\n",
        "schemas = [\"common\"]\nshared_schema = \"common\"\ntenant_tables = [\"customers\"]\n",
        "tenant_tables = [\n  \"customers\",\n  { name = \"invoices\", column = \"\" },\n]\n",
        "citus = true\nsource = { auth_jwt = [\"tenant_id\"] }\n",
        "[plans.free]\nstatement_timeout = \"2\"\n",
        "[plans.free]\nwork_mem = \"4 potatoes\"\n",
        "[[suppress]]\ncode = \"TEN131\"\n",
        "shared_schema = \"\"\n",
        "[databases]\neu-1 = \"postgres://shop_admin:secret@eu-1/shop\"\n",
    ] {
        shop.write("tenant.toml", text);
        let output = shop.command(As::Superuser, &["lint"]).output().unwrap();
        said.text(&shop, text, "# ");
        said.add(&shop, &["lint"], &output);
    }
    std::fs::remove_file(shop.path("tenant.toml")).unwrap();
    shop.run(&mut said, As::Superuser, &["lint"]);
    said.is("broken_file");
}

#[test]
fn a_login_without_rights_hears_which_one_has_them() {
    let (shop, mut said) = (Shop::installed(), Said::default());
    for args in [
        &["tenants", "list"][..],
        &["tenants", "create", "acme"],
        &["audit", "verify"],
        &["quota", "list"],
        &["key", "list"],
        &["apply", "--yes"],
        &["revert", "--yes"],
        &["diff"],
        &["tenants", "members", "list", "acme"],
        &["databases", "list"],
        &["schemas", "apply", "acme", "--yes"],
        &["tenants", "export", "acme", "acme", "--reason", "x"],
        &["doctor"],
    ] {
        shop.run(&mut said, As::Role("login"), args);
    }
    shop.run(&mut said, As::Role("admin"), &["key", "renew-database"]);
    shop.run(&mut said, As::Role("admin"), &["schemas", "apply", "acme", "--yes"]);
    let bare = Shop::bare();
    bare.run(&mut said, As::Superuser, &["tenants", "list"]);
    bare.run(&mut said, As::Superuser, &["audit", "verify"]);
    said.is("no_rights");
}

/// Nothing that is printed has a password in it, wherever it was written.
#[test]
fn a_password_is_never_shown() {
    let shop = Shop::bare();
    let secret = "GEHEIM";
    let urls = [
        format!("postgres://alice:{secret}@127.0.0.1:1/shop"),
        format!("postgres://alice:{secret}@127.0.0.1:99999999/shop"),
        format!("postgres://alice:{secret}@@nowhere@/%zz"),
        format!("postgres://alice:{secret}@127.0.0.1/shop?sslmode=sometimes"),
        format!("postgres://alice@127.0.0.1:1/shop?password={secret}"),
        format!("host=127.0.0.1 port=1 user=alice password={secret}"),
    ];
    let silent = |what: &str, output: std::process::Output| {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(!text.contains(secret), "{what}: {text}");
        assert!(!output.status.success() && !text.is_empty(), "{what}");
        text
    };
    for url in &urls {
        for args in [&["lint"][..], &["doctor"], &["tenants", "list"]] {
            let output = shop.command(As::Nobody, args).env("DATABASE_URL", url).output().unwrap();
            silent(url, output);
        }
        let output =
            shop.command(As::Nobody, &["probe"]).env("TENANT_APP_URL", url).output().unwrap();
        silent(url, output);
        let output = shop.command(As::Nobody, &["lint", url]).output().unwrap();
        silent(url, output);
        // As the twin of a mistyped option shows: the program repeats what it does not know.
        let output =
            program(&shop.path(""), &["lint", &format!("--database-ulr={url}")]).output().unwrap();
        silent(url, output);
    }
    let option = shop.command(As::Nobody, &["lint", "--database-url", &urls[0]]).output().unwrap();
    assert!(silent("option", option).contains("others can read a command line"));
    for text in [
        format!("[database]\nurl = \"{}\"\n", urls[0]),
        format!("database = \"{}\"\n", urls[0]),
        format!("[database]\nurl = \"{}\" x\n", urls[0]),
        format!("[database]\nulr = \"{}\"\n", urls[0]),
        format!("[database]\nurl = [\"{}\"]\n", urls[0]),
    ] {
        shop.write("tenant.toml", &text);
        silent(&text, shop.command(As::Nobody, &["lint"]).output().unwrap());
    }
}

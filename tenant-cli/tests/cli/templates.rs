//! `schemas` and `databases`: made like others, and beforehand.

use std::process::Output;

use crate::{
    interrupt::interrupted_as,
    shop::{As, Said, Shop, futures, installer},
    tenants::with_rows,
};

#[test]
fn schemas_are_made_beforehand_and_taken() {
    let (shop, mut said) = (Shop::apart(), Said::default());
    for args in [
        &["schemas", "spares"][..],
        &["schemas", "create", "acme", "--spare"],
        &["schemas", "spares", "--keep", "2"],
        &["schemas", "spares", "--keep", "2"],
        &["schemas", "create", "acme", "--spare"],
        &["schemas", "create", "acme", "--spare"],
        &["schemas", "create", "globex", "--spare", "--like", "public"],
        &["schemas", "spares", "--keep", "1", "--like", "nowhere"],
    ] {
        shop.run(&mut said, As::Superuser, args);
    }
    said.is("schema_spares");
    let args = ["schemas", "spares", "--format", "json"];
    let left = shop.command(As::Superuser, &args).output().unwrap();
    let left: serde_json::Value = serde_json::from_slice(&left.stdout).unwrap();
    assert!(left[0]["name"].as_str().unwrap().starts_with("spare_"), "{left}");
    assert_eq!(left.as_array().unwrap().len(), 1);
    let walled = "SELECT count(DISTINCT p.polrelid) FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid \
         WHERE c.relnamespace = 'acme'::regnamespace";
    assert_eq!(shop.value(walled), "2");
    let made = "SELECT count(*) FROM tenancy.audit WHERE event = 'schema_made'";
    assert_eq!(shop.value(made), "3");
}

/// Roles are the server's: the other database has those of the first, whose registry knows who lives there.
#[test]
fn a_schema_of_another_database_is_made_there_and_dropped_when_nobody_lives_there() {
    let (shop, mut said) = (Shop::apart(), Said::default());
    let toml = format!("shared_schema = \"common\"\n{}", shop.toml());
    let there = Shop::apart_with(&toml);
    with_rows(&shop);
    let run = |said: &mut Said, login: As<'_>, args: &[&str]| {
        let url = match login {
            As::Role(suffix) => there.db.url(&shop.role(suffix)),
            _ => there.db.superuser_url(),
        };
        let output = shop.command(login, args).env("DATABASE_URL_EU_1", url).output().unwrap();
        said.add(&shop, args, &output);
    };
    let drop = ["schemas", "drop", "acme", "--in", "eu-1", "--yes"];
    let to = |place: &'static str| {
        ["tenants", "move", "acme", "--to", place, "--keep-source", "0", "--reason", "r", "--quiet"]
    };
    run(&mut said, As::Role("admin"), &["databases", "add", "eu-1"]);
    shop.run(&mut said, As::Superuser, &["schemas", "create", "acme", "--in", "eu-2"]);
    run(&mut said, As::Superuser, &["schemas", "create", "acme", "--in", "eu-1"]);
    run(&mut said, As::Role("admin"), &to("schema:eu-1/acme"));
    assert_eq!(there.value("SELECT count(*) FROM acme.customers"), "3000");
    run(&mut said, As::Superuser, &["schemas", "apply", "acme", "--in", "eu-1", "--yes"]);
    run(&mut said, As::Superuser, &drop);
    run(&mut said, As::Role("admin"), &to("shared"));
    run(&mut said, As::Superuser, &drop);
    said.is("schemas_elsewhere");
    assert_eq!(there.value("SELECT to_regnamespace('acme') IS NULL"), "true");
    let logged = "SELECT string_agg(event || ' ' || (detail::json ->> 'database'), ',' ORDER BY id) FROM tenancy.audit \
                  WHERE event ~ '^schema_'";
    assert_eq!(shop.value(logged), "schema_made eu-1,schema_walled eu-1,schema_dropped eu-1");
}

/// A template to which nobody is connected, and what is made of it: gone with this.
struct Server {
    shop: Shop,
    template: String,
}

impl Server {
    fn open() -> Self {
        let shop = Shop::apart();
        let tables = Shop::apart_bare();
        futures(tables.db.session().close());
        let template = format!("{}_template", shop.db.name());
        shop.sql(&format!("CREATE DATABASE {template} TEMPLATE {}", tables.db.name()));
        Self { shop, template }
    }

    /// Called after the shop's own.
    fn name(&self, what: &str) -> String {
        format!("{}_{what}", self.shop.db.name())
    }

    /// What there is of that kind.
    fn count(&self, like: &str) -> String {
        let like = self.name(like);
        self.shop.value(&format!(
            "SELECT count(*) FROM pg_database WHERE starts_with(datname::text, '{like}')"
        ))
    }

    fn run(&self, said: &mut Said, args: &[&str]) -> Output {
        let _alone = installer();
        self.shop.run(said, As::Superuser, args)
    }

    /// Where this login finds it.
    fn url(&self, login: As<'_>, database: &str) -> String {
        let url = self.shop.url(login);
        format!("{}/{database}", url.rsplit_once('/').unwrap().0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let sql =
            "SELECT datname::text AS name FROM pg_database WHERE starts_with(datname::text, $1)";
        let session = self.shop.db.session();
        let prefix = format!("{}_", self.shop.db.name());
        for row in session.rows_blocking(sql, &[&prefix]).unwrap_or_default() {
            let name = row["name"].as_str().unwrap_or_default();
            let _ = session.batch_blocking(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

#[test]
fn a_database_is_made_like_another_one_and_lived_in() {
    let (server, mut said) = (Server::open(), Said::default());
    let (eu, us) = (server.name("eu"), server.name("us"));
    let (like, eu, us) = (&*server.template, &*eu, &*us);
    with_rows(&server.shop);
    for args in [
        &["databases", "create", eu, "--like", "nowhere"][..],
        &["databases", "create", "main", "--like", like],
        &["databases", "create", eu, "--like", like, "--region", "eu"],
        &["databases", "create", eu, "--like", like],
        &["databases", "create", us, "--like", like, "--spare"],
        &["databases", "spares", like],
        &["databases", "spares", like, "--keep", "2"],
        &["databases", "spares", like, "--keep", "2"],
        &["databases", "create", us, "--like", like, "--spare"],
    ] {
        server.run(&mut said, args);
    }
    assert_eq!((&*server.count("template_spare_"), &*server.count("us")), ("1", "1"));
    let known = "SELECT string_agg(region, ',') FROM tenancy.databases WHERE name <> 'main'";
    assert_eq!(server.shop.value(known), "eu");
    let made = "SELECT count(*) FROM tenancy.audit WHERE event = 'database_made'";
    assert_eq!(server.shop.value(made), "4");

    // They have what the first one has, and a tenant lives there.
    for name in [eu, us] {
        for look in ["diff", "lint"] {
            let mut command = server.shop.command(As::Superuser, &[look]);
            let url = server.url(As::Superuser, name);
            let output = command.env("DATABASE_URL", url).output().unwrap();
            assert!(output.status.success(), "{name} {look} {output:?}");
        }
    }
    let toml = std::fs::read_to_string(server.shop.path("tenant.toml")).unwrap();
    let url_of_eu = server.url(As::Role("admin"), eu);
    server.shop.write("tenant.toml", &format!("{toml}[databases]\n{eu} = \"{url_of_eu}\"\n"));
    let place = format!("database:{eu}");
    let args =
        ["tenants", "move", "acme", "--to", &place, "--keep-source", "0", "--reason", "asked for"];
    let moved = server.shop.command(As::Role("admin"), &args).output().unwrap();
    assert!(moved.status.success(), "{moved:?}");
    assert_eq!(server.shop.value("SELECT count(*) FROM customers"), "0");

    // The one with a tenant stays, and so does what only has the name.
    let elsewhere = server.url(As::Superuser, "somewhere");
    let other = server.url(As::Superuser, us);
    let own = server.shop.db.name();
    for (name, url, more) in [
        (eu, &other, &["--yes"][..]),
        (own, &other, &["--yes"][..]),
        ("main", &other, &["--yes"][..]),
        (us, &elsewhere, &["--yes"][..]),
        (us, &other, &[][..]),
        (us, &other, &["--dry-run"][..]),
        (us, &other, &["--yes"][..]),
        (us, &other, &["--yes"][..]),
    ] {
        let file = format!("{toml}[databases]\n{eu} = \"{url_of_eu}\"\n{us} = \"{url}\"\n");
        server.shop.write("tenant.toml", &file);
        server.run(&mut said, &[&["databases", "drop", name], more].concat());
    }
    assert_eq!((&*server.count("eu"), &*server.count("us")), ("1", "0"));
    assert_eq!(server.shop.value("SELECT count(*) FROM tenancy.databases"), "2");
    said.is("databases");
}

/// There is none, or it says what may be lacking.
#[test]
fn an_interrupted_database_is_told_of() {
    let server = Server::open();
    let name = server.name("eu");
    let proxy = server.shop.db.proxy_blocking().unwrap();
    let url = proxy.superuser_url();
    let args = ["databases", "create", &name, "--like", &server.template];
    for bursts in [2, 4, 5, 6, 7, 8, 10, 12, usize::MAX] {
        let _alone = installer();
        let output = interrupted_as(&server.shop, &url, &proxy, bursts, &args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_there = server.count("eu") == "1";
        match output.status.code() {
            Some(0) => {
                assert!(is_there, "{text}");
                return;
            }
            code => assert_eq!(code, Some(130), "{text}"),
        }
        assert!(
            !is_there
                || text.contains(&format!("the database {name} "))
                || text.contains("The database"),
            "{text}"
        );
        if is_there {
            server.shop.sql(&format!("DROP DATABASE {name} WITH (FORCE)"));
            server.shop.sql("DELETE FROM tenancy.databases WHERE name <> 'main'");
        }
    }
    panic!("it was never left to end");
}

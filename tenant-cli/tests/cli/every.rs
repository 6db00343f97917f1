//! Every command, whatever is missing around it: it says what, ends with its exit code, changes nothing
//! and never panics.

use std::{
    collections::BTreeSet,
    process::{Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::shop::{ACME, As, Shop};

const WHY: [&str; 2] = ["--reason", "x"];

/// Each command that asks the database, complete.
fn commands() -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&str>> = vec![
        vec!["adopt"],
        vec!["adopt", "watch", "on", "invoices"],
        vec!["adopt", "watch", "report"],
        vec!["adopt", "watch", "reads"],
        vec!["adopt", "watch", "off"],
        vec!["lint"],
        vec!["probe"],
        vec!["doctor"],
        vec!["plan"],
        vec!["apply", "--yes"],
        vec!["revert", "--yes"],
        vec!["diff"],
        vec!["migration", "--for", "diesel", "--steps"],
        vec!["migrate", "status"],
        vec!["migrate", "pending"],
        vec!["migrate", "run", "--yes"],
        vec!["migrate", "forget", "main"],
        vec!["tenants", "list"],
        vec!["tenants", "show", "acme"],
        vec!["tenants", "create", "acme"],
        vec!["tenants", "members", "list", "acme"],
        vec!["databases", "list"],
        vec!["databases", "add", "eu-1"],
        vec!["databases", "create", "eu-1", "--like", "template"],
        vec!["databases", "spares", "template", "--keep", "1"],
        vec!["databases", "drop", "eu-1", "--yes"],
        vec!["schemas", "create", "acme"],
        vec!["schemas", "spares", "--keep", "1"],
        vec!["schemas", "apply", "acme", "--yes"],
        vec!["schemas", "drop", "acme", "--yes"],
        vec!["quota", "list"],
        vec!["quota", "usage", "acme", "--counter", "exports"],
        vec!["quota", "set", "--counter", "exports", "--max", "1"],
        vec!["quota", "lift", "--counter", "exports"],
        vec!["audit", "verify"],
        vec!["audit", "list"],
        vec!["key", "list"],
        vec!["key", "rotate", "k1"],
        vec!["key", "retire", "k1", "--yes"],
        vec!["key", "renew-database"],
    ];
    for args in [
        &["suspend", "acme"][..],
        &["resume", "acme"],
        &["start-maintenance", "acme"],
        &["end-maintenance", "acme"],
        &["hold", "acme"],
        &["release", "acme"],
        &["revoke", "acme"],
        &["members", "add", "acme", "bob"],
        &["members", "remove", "acme", "bob"],
        &["rename", "acme", "--name", "Acme"],
        &["move", "acme", "--to", "schema:acme"],
        &["place", "acme", "schema:acme"],
        &["export", "acme", "out"],
        &["import", "acme", "in"],
        &["erase", "acme", "--yes"],
        &["lift-tombstone", ACME],
    ] {
        all.push([&["tenants"], args, &WHY].concat());
    }
    all
}

/// Those that ask none.
const ALONE: [&str; 3] = ["completions", "tenants verify-export", "tenants verify-receipt"];

/// As `--help` lists them.
fn listed(shop: &Shop, path: &[&str], found: &mut BTreeSet<String>) {
    let output = shop.command(As::Nobody, &[path, &["--help"]].concat()).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let Some((_, commands)) = help.split_once("\nCommands:\n") else {
        found.insert(path.join(" "));
        return;
    };
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        // What stands further in goes on from the line before.
        let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else {
            continue;
        };
        let name = name.split(' ').next().unwrap();
        if name != "help" {
            listed(shop, &[path, &[name]].concat(), found);
        }
    }
}

#[test]
fn no_command_is_left_out_here() {
    let shop = Shop::bare();
    let mut there = BTreeSet::new();
    listed(&shop, &[], &mut there);
    let tried: Vec<String> = commands().iter().map(|args| args.join(" ")).collect();
    let is_tried = |name: &String| {
        ALONE.contains(&&**name)
            || tried.iter().any(|args| args == name || args.starts_with(&format!("{name} ")))
    };
    let left: Vec<_> = there.iter().filter(|name| !is_tried(name)).collect();
    assert!(left.is_empty() && there.len() > 40, "{left:?} of {there:?}");
}

/// In a folder with whatever a command reads before it asks the database.
fn shop() -> Shop {
    let shop = Shop::bare();
    std::fs::create_dir_all(shop.path("migrations/1_notes")).unwrap();
    shop.write("migrations/1_notes/up.sql", "CREATE TABLE notes ()");
    shop
}

fn command(shop: &Shop, args: &[&str], url: &str) -> Command {
    let mut command = shop.command(As::Nobody, args);
    command.env("DATABASE_URL", url).env("TENANT_APP_URL", url);
    command.env("TENANT_SEAL_KEY", "1".repeat(64));
    command
}

fn assert_said(args: &[&str], output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?} {output:?}");
    assert!(said.contains(words) && !said.contains("panicked"), "{args:?} {said}");
    assert!(output.stdout.is_empty(), "{args:?} {output:?}");
}

#[test]
fn without_a_database_each_says_how_to_name_one() {
    let shop = shop();
    for args in commands() {
        let output = command(&shop, &args, "").output().unwrap();
        // `doctor` shows a page with what it could not look at.
        let words = if args == ["probe"] { "TENANT_APP_URL" } else { "DATABASE_URL" };
        assert_said(&args, &output, 2, words);
    }
}

#[test]
fn where_no_server_is_each_says_so() {
    let shop = shop();
    for args in commands() {
        let output = command(&shop, &args, "postgres://alice@127.0.0.1:1/shop").output().unwrap();
        assert_said(&args, &output, 3, "cannot connect to shop on 127.0.0.1:1 as alice");
    }
}

#[test]
fn with_a_broken_file_each_says_where() {
    let shop = shop();
    shop.write("tenant.toml", "key = \"int\"\n");
    let url = shop.url(As::Superuser);
    for args in commands() {
        let output = command(&shop, &args, &url).output().unwrap();
        assert_said(&args, &output, 2, "tenant.toml:1:7");
    }
}

#[test]
fn a_flag_that_there_is_not_is_refused_by_each() {
    let shop = shop();
    for args in commands() {
        let args = [&args[..], &["--no-such-flag"]].concat();
        let output = command(&shop, &args, "").output().unwrap();
        assert_said(&args, &output, 2, "--no-such-flag");
    }
}

/// A server that takes the connection and says nothing: Ctrl-C ends each command.
#[test]
fn each_can_be_interrupted_while_it_waits() {
    let shop = shop();
    for args in commands() {
        let proxy = shop.db.proxy_blocking().unwrap();
        proxy.stall();
        let url = format!("{}?sslmode=disable", proxy.superuser_url());
        let mut command = command(&shop, &args, &url);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while proxy.accepted() == 0 {
            std::thread::yield_now();
        }
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_said(&args, &output, 130, "interrupted");
    }
}

//! `tenants move`, before, under and behind the freeze.

use std::{
    io::BufReader,
    process::{Child, ChildStderr},
};

use tenant_core::SqlSession;

use super::{begins, holding, interrupt, interrupted_at, rest, start, until_blocked};
use crate::{
    moving::with_a_schema,
    shop::{ACME, As, Shop},
};

const MOVE: [&str; 9] =
    ["tenants", "move", "acme", "--to", "schema:acme", "--keep-source", "0", "--reason", "r"];

/// However far it is: the tenant writes where it lives, all its rows are there, and the next run goes on.
#[test]
fn an_interrupted_move_leaves_the_tenant_writing() {
    let shop = with_a_schema();
    let proxy = shop.db.proxy_blocking().unwrap();
    let rows = |schema: &str| -> u32 {
        shop.value(&format!("SELECT count(*) FROM {schema}.customers")).parse().unwrap()
    };
    let mut codes = Vec::new();
    let mut written = 3000;
    for bursts in [1, 2, 4, 7, 10, 14, 19, 25, 32, 40, 49, 60, 75, 90, usize::MAX] {
        let output = interrupted_at(&shop, &proxy, bursts, &MOVE);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code().unwrap();
        codes.push(code);
        assert!([0, 130].contains(&code), "{output:?}");
        let moved =
            shop.value("SELECT placement FROM tenancy.tenants WHERE slug = 'acme'") == "schema";
        let home = if moved { "acme" } else { "public" };
        assert!(rows(home) == written, "{bursts} {home} {output:?}");
        let is_on_its_way = shop.value("SELECT count(*) FROM tenancy.moves") == "1";
        assert!(!is_on_its_way || said.contains("goes on from there"), "{bursts} {said}");
        // Core says so where the server did not let it in again.
        if said.contains("may still be refused") {
            continue;
        }
        written += 1;
        shop.sql(&format!(
            "INSERT INTO {home}.customers VALUES ('{ACME}', {}, 'written meanwhile')",
            written + 1000
        ));
        if code == 0 && !is_on_its_way && moved {
            assert_eq!(rows("public"), 0);
            assert!(codes.len() > 3, "{codes:?}");
            return;
        }
    }
    panic!("it was never left to end: {codes:?}");
}

/// A move that waits under the freeze: somebody has the tenant's record, until the session that is
/// returned is dropped.
fn frozen(shop: &Shop, url: &str) -> (Child, BufReader<ChildStderr>, Box<dyn SqlSession>) {
    let gate = holding(shop, "SELECT FROM tenancy.tenants FOR UPDATE");
    let mut command = shop.command(As::Nobody, &MOVE);
    command.env("DATABASE_URL", url);
    let mut child = start(command);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    begins(&mut stderr, "frozen");
    until_blocked(shop, "tenant");
    (child, stderr, gate)
}

fn written(id: u32) -> String {
    format!("INSERT INTO public.customers VALUES ('{ACME}', {id}, 'written meanwhile')")
}

fn writes(shop: &Shop, id: u32) -> bool {
    shop.db.session().batch_blocking(&written(id)).is_ok()
}

/// The backends notice that nobody listens any more, and give their locks back.
fn until_unlocked(shop: &Shop) {
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                (SELECT oid FROM pg_database WHERE datname = current_database())";
    while shop.value(held) != "0" {
        std::thread::yield_now();
    }
}

fn goes_on(shop: &Shop, customers: &str) {
    let args = ["tenants", "move", "acme", "--keep-source", "0", "--reason", "r"];
    let done = shop.command(As::Role("admin"), &args).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(shop.value("SELECT count(*) FROM acme.customers"), customers);
    assert_eq!(shop.value("SELECT count(*) FROM public.customers"), "0");
}

#[test]
fn a_move_that_is_interrupted_under_the_freeze_lets_the_tenant_write_again() {
    let shop = with_a_schema();
    let (child, stderr, gate) = frozen(&shop, &shop.url(As::Role("admin")));
    assert!(!writes(&shop, 5000));
    interrupt(&child);
    let (code, said) = rest(child, stderr);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("`tenant tenants move acme --reason WHY` goes on from there"), "{said}");
    assert!(writes(&shop, 5001), "{said}");
    drop(gate);
    goes_on(&shop, "3001");
}

/// As the twin shows, a killed one cannot: the same command goes on, whoever runs it.
#[test]
fn a_move_that_is_killed_under_the_freeze_is_gone_on_with() {
    let shop = with_a_schema();
    let (mut child, _, gate) = frozen(&shop, &shop.url(As::Role("admin")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!writes(&shop, 5000));
    drop(gate);
    until_unlocked(&shop);
    goes_on(&shop, "3000");
}

#[test]
fn a_server_that_vanishes_stops_a_move_that_can_be_gone_on_with() {
    let shop = with_a_schema();
    let proxy = shop.db.proxy_blocking().unwrap();
    let url = format!("{}?sslmode=disable", proxy.url(&shop.role("admin")));
    let (child, stderr, gate) = frozen(&shop, &url);
    proxy.cut();
    let (code, said) = rest(child, stderr);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("goes on from there") && said.contains("may still be refused"), "{said}");
    drop(gate);
    until_unlocked(&shop);
    goes_on(&shop, "3000");
}

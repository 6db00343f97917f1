//! Ctrl-C, and servers that go away or say nothing: at any time there is all of it, or nothing.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tenant_core::SqlSession;
use tenant_testkit::Proxy;

use crate::{
    migrate::{until_waiting, with_files},
    moving::with_a_schema,
    shop::{ACME, As, Said, Shop, futures, installer},
    tenants::with_rows,
};

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    let id = i32::try_from(child.id()).unwrap();
    // One that has ended by itself meanwhile is not there to be told.
    let _ = kill_process(Pid::from_raw(id).unwrap(), Signal::INT);
}

/// Waits for the step of this table to begin.
fn begins(stderr: &mut BufReader<ChildStderr>, table: &str) {
    let mut seen = String::new();
    let is_step = |line: &str| line.contains('/') && line.contains(table);
    while !is_step(seen.lines().last().unwrap_or_default()) {
        assert!(stderr.read_line(&mut seen).unwrap() > 0, "it ended before {table}: {seen}");
    }
}

/// Starts `apply` while somebody holds a lock that a step of it needs, and waits for that step.
fn blocked_apply(shop: &Shop, url: &str) -> (Child, BufReader<ChildStderr>, Box<dyn SqlSession>) {
    let holder = futures(async {
        let holder = shop.db.session().dedicated().await.unwrap();
        holder.batch("BEGIN; LOCK TABLE invoices IN SHARE MODE").await.unwrap();
        holder
    });
    let mut command = shop.command(As::Nobody, &["apply", "--yes"]);
    command.env("DATABASE_URL", url);
    let mut child = start(command);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // The titles are listed first, with the phase behind; then each step is told as `5/11`.
    begins(&mut stderr, "invoices");
    (child, stderr, holder)
}

fn rest(mut child: Child, mut stderr: BufReader<ChildStderr>) -> (Option<i32>, String) {
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn an_interrupted_apply_says_what_is_done_and_goes_on_from_there() {
    let shop = Shop::bare();
    let _alone = installer();
    let (child, stderr, holder) = blocked_apply(&shop, &shop.url(As::Superuser));
    interrupt(&child);
    let (code, said) = rest(child, stderr);
    assert_eq!(code, Some(130), "{said}");
    assert!(
        said.contains("steps are done and stay") && said.contains("goes on from there"),
        "{said}"
    );
    futures(async { holder.batch("ROLLBACK").await.unwrap() });

    let done = shop.command(As::Superuser, &["apply", "--yes"]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let sound = shop.command(As::Superuser, &["lint"]).output().unwrap();
    assert!(sound.status.success(), "{sound:?}");
}

#[test]
fn a_server_that_vanishes_is_a_lost_connection() {
    let shop = Shop::bare();
    let _alone = installer();
    let proxy = shop.db.proxy_blocking().unwrap();
    let (child, stderr, holder) = blocked_apply(&shop, &proxy.superuser_url());
    proxy.cut();
    let (code, said) = rest(child, stderr);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("connection"), "{said}");
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    let proxy = shop.db.proxy_blocking().unwrap();
    proxy.stall();
    let url = format!("{}?connect_timeout=1&sslmode=disable", proxy.superuser_url());
    let output = shop.command(As::Nobody, &["lint"]).env("DATABASE_URL", url).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let port = proxy.port().to_string();
    let text = String::from_utf8(output.stderr).unwrap().replace(&port, "5432");
    said.typed(&shop, &["lint"]);
    said.text(&shop, &text, "! ");
    said.is("silent_server");
}

#[test]
fn an_interrupted_revert_changes_nothing() {
    let shop = Shop::installed();
    let _alone = installer();
    let holder = futures(async {
        let holder = shop.db.session().dedicated().await.unwrap();
        holder.batch("BEGIN; LOCK TABLE invoices IN SHARE MODE").await.unwrap();
        holder
    });
    let revert = || shop.command(As::Superuser, &["revert", "--yes"]);
    let child = start(revert());
    until_blocked(&shop);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
    let sound = shop.command(As::Superuser, &["diff"]).output().unwrap();
    assert!(sound.status.success(), "{sound:?}");
    let done = revert().output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(shop.value("SELECT to_regnamespace('tenancy') IS NULL"), "true");
}

/// Until the program waits for somebody's lock.
fn until_blocked(shop: &Shop) {
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() \
                 AND application_name = 'tenant' AND wait_event_type = 'Lock'";
    while shop.value(waits) != "true" {
        std::thread::yield_now();
    }
}

/// Runs it as the admin, through the relay, and interrupts it when it has said so much to the server.
fn interrupted_at(shop: &Shop, proxy: &Proxy, bursts: usize, args: &[&str]) -> Output {
    interrupted_as(shop, &proxy.url(&shop.role("admin")), proxy, bursts, args)
}

pub(crate) fn interrupted_as(
    shop: &Shop,
    url: &str,
    proxy: &Proxy,
    bursts: usize,
    args: &[&str],
) -> Output {
    proxy.reset();
    let mut command = shop.command(As::Nobody, args);
    command.env("DATABASE_URL", format!("{url}?sslmode=disable"));
    let child = start(command);
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    futures(async {
        let ended = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        tokio::pin!(ended);
        tokio::select! {
            // It may end before it has said so much.
            output = &mut ended => return output.unwrap(),
            () = proxy.reached(bursts) => {}
        }
        // One that has ended by itself meanwhile is not there to be told.
        let _ = kill_process(id, Signal::INT);
        ended.await.unwrap()
    })
}

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
        let args = [
            "tenants",
            "move",
            "acme",
            "--to",
            "schema:acme",
            "--keep-source",
            "0",
            "--reason",
            "r",
        ];
        let output = interrupted_at(&shop, &proxy, bursts, &args);
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

const MOVE: [&str; 9] =
    ["tenants", "move", "acme", "--to", "schema:acme", "--keep-source", "0", "--reason", "r"];

/// A move that waits under the freeze: somebody has the tenant's record, until the session that is
/// returned is dropped.
fn frozen(shop: &Shop, url: &str) -> (Child, BufReader<ChildStderr>, Box<dyn SqlSession>) {
    let gate = futures(async {
        let gate = shop.db.session().dedicated().await.unwrap();
        gate.batch("BEGIN; SELECT FROM tenancy.tenants FOR UPDATE").await.unwrap();
        gate
    });
    let mut command = shop.command(As::Nobody, &MOVE);
    command.env("DATABASE_URL", url);
    let mut child = start(command);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    begins(&mut stderr, "frozen");
    until_blocked(shop);
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

/// Each place has whole migrations, each recorded where it is, and the next run goes on.
#[test]
fn an_interrupted_migration_is_whole_or_nothing() {
    let shop = with_files();
    let proxy = shop.db.proxy_blocking().unwrap();
    for bursts in [1, 3, 6, 10, 14, 18, 22, 27, 33, 40, 50, usize::MAX] {
        let args = ["migrate", "run", "--yes", "--parallel", "1"];
        let output = interrupted_as(&shop, &proxy.superuser_url(), &proxy, bursts, &args);
        for schema in ["public", "t_1", "t_2"] {
            let is = |what: &str| {
                shop.value(&format!("SELECT to_regclass('{schema}.{what}') IS NOT NULL"))
            };
            let recorded = if is("__diesel_schema_migrations") == "true" {
                shop.value(&format!("SELECT count(*) FROM {schema}.__diesel_schema_migrations"))
            } else {
                "0".to_owned()
            };
            let columns = shop.value(&format!(
                "SELECT count(*) FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = 'notes'"
            ));
            let whole = [("0", "0"), ("1", "2"), ("2", "3")];
            assert!(
                whole.contains(&(&*recorded, &*columns)),
                "{schema} {recorded} {columns} {output:?}"
            );
        }
        match output.status.code() {
            Some(0) => return,
            code => assert_eq!(code, Some(130), "{output:?}"),
        }
    }
    panic!("it was never left to end");
}

#[test]
fn an_interrupted_migration_says_how_to_go_on() {
    let (shop, mut said) = (with_files(), Said::default());
    let holder = futures(async {
        let holder = shop.db.session().dedicated().await.unwrap();
        holder.batch("BEGIN; CREATE TABLE t_1.notes ()").await.unwrap();
        holder
    });
    let args = ["migrate", "run", "--yes", "--parallel", "1"];
    let child = start(shop.command(As::Superuser, &args));
    until_waiting(&shop);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    said.add(&shop, &args, &output);
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
    shop.run(&mut said, As::Superuser, &["migrate", "status"]);
    shop.run(&mut said, As::Superuser, &args);
    said.is("migrate_interrupted");
}

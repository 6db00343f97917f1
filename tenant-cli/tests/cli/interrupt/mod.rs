//! Ctrl-C, and servers that go away or say nothing: at any time there is all of it, or nothing.

mod install;
mod migrate;
mod moving;
mod tenants;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tenant_core::SqlSession;
use tenant_testkit::Proxy;

use crate::shop::{As, Shop, futures};

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

fn rest(mut child: Child, mut stderr: BufReader<ChildStderr>) -> (Option<i32>, String) {
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

/// A session that holds what this locks until it is dropped, or rolled back.
pub(crate) fn holding(shop: &Shop, sql: &str) -> Box<dyn SqlSession> {
    futures(async {
        let holder = shop.db.session().dedicated().await.unwrap();
        holder.batch(&format!("BEGIN; {sql}")).await.unwrap();
        holder
    })
}

/// Until the session of this name waits for somebody's lock.
pub(crate) fn until_blocked(shop: &Shop, application: &str) {
    let waits = format!(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = '{application}' AND wait_event_type = 'Lock'"
    );
    while shop.value(&waits) != "true" {
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

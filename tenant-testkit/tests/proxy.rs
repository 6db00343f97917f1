//! What the proxy counts, and how it disturbs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use tenant_core::SqlSession;
use tenant_testkit::{Proxy, TestDatabase};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

const SOON: Duration = Duration::from_secs(20);

async fn connect(proxy: &Proxy) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&proxy.superuser_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn setup() -> (TestDatabase, Proxy) {
    let db = TestDatabase::create().await.unwrap();
    let proxy = db.proxy().await.unwrap();
    (db, proxy)
}

#[tokio::test]
async fn it_counts_round_trips_and_says_what_they_were() {
    let (_db, proxy) = setup().await;
    let client = connect(&proxy).await;
    assert!(proxy.round_trips() >= 1, "the log-in is one");
    assert!(proxy.messages().iter().any(|said| said == "Startup"));
    proxy.reset();
    assert_eq!(proxy.round_trips(), 0);

    client.batch_execute("BEGIN;  SELECT\n1").await.unwrap();
    client.query("SELECT $1::int", &[&1]).await.unwrap();
    let statement = client.prepare("SELECT 2").await.unwrap();
    proxy.reset();
    client.query(&statement, &[]).await.unwrap();
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(
        proxy.messages().iter().map(|said| said.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["Bind", "Query"]
    );
    assert_eq!(proxy.round_trips(), 2);
    assert_eq!(proxy.messages()[1], "Query COMMIT");
}

#[tokio::test]
async fn a_good_bye_is_not_a_round_trip() {
    let (_db, proxy) = setup().await;
    let client = connect(&proxy).await;
    client.batch_execute("SELECT 1").await.unwrap();
    proxy.reset();
    drop(client);
    let start = Instant::now();
    while proxy.connections() > 0 && start.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((proxy.connections(), proxy.accepted()), (0, 1));
    assert_eq!(proxy.messages(), [""; 0]);
}

#[tokio::test]
async fn large_answers_and_large_questions_come_through() {
    let (_db, proxy) = setup().await;
    let client = connect(&proxy).await;
    let text = "x".repeat(3_000_000);
    proxy.reset();
    let row = client.query_one("SELECT $1::text || $1::text", &[&text]).await.unwrap();
    assert_eq!(row.get::<_, String>(0).len(), 6_000_000);
    assert_eq!(proxy.round_trips(), 2, "prepare, and run: {:?}", proxy.messages());
}

#[test]
fn it_says_no_to_encryption_and_goes_on() {
    let db = TestDatabase::create_blocking().unwrap();
    let proxy = db.proxy_blocking().unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    for code in [80_877_103_i32, 80_877_104] {
        client.write_all(&[8_i32.to_be_bytes(), code.to_be_bytes()].concat()).unwrap();
        let mut answer = [0];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, *b"N");
    }
    let startup = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
    let length = i32::try_from(startup.len() + 4).unwrap();
    client.write_all(&[&length.to_be_bytes(), &startup[..]].concat()).unwrap();
    let mut answer = [0];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"R", "the server asks who it is");
    assert_eq!(proxy.messages(), ["EncryptionRequest", "EncryptionRequest", "Startup"]);
}

#[tokio::test]
async fn a_stalled_answer_waits_while_the_work_is_done() {
    let (db, proxy) = setup().await;
    db.session().batch("CREATE TABLE t (a int)").await.unwrap();
    let client = connect(&proxy).await;
    proxy.reset();
    proxy.stall();
    let mut answer = Box::pin(client.batch_execute("INSERT INTO t VALUES (1)"));
    tokio::select! {
        done = &mut answer => panic!("answered: {done:?}"),
        () = proxy.reached(1) => {}
    }
    timeout(SOON, async {
        while db.session().rows("SELECT a FROM t", &[]).await.unwrap().is_empty() {}
    })
    .await
    .unwrap();
    assert!(timeout(Duration::from_millis(50), &mut answer).await.is_err());
    proxy.resume();
    timeout(SOON, answer).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_server_hears_what_was_rewritten_and_later_the_client_again() {
    let (_db, proxy) = setup().await;
    let client = connect(&proxy).await;
    proxy.rewrite("41", "42");
    proxy.rewrite("AS x", "AS y");
    proxy.reset();
    let sql = "DO $$ BEGIN ASSERT 41 + 41 = 84; PERFORM 1 AS x; END $$";
    client.batch_execute(sql).await.unwrap();
    assert!(proxy.messages()[0].contains("41 + 41"), "{:?}", proxy.messages());
    proxy.rewrite_nothing();
    client.batch_execute(sql).await.unwrap_err();
}

#[tokio::test]
async fn a_cut_breaks_what_is_there_and_nothing_that_comes() {
    let (_db, proxy) = setup().await;
    let client = connect(&proxy).await;
    // Also in the middle of a question, and while answers are kept.
    proxy.stall();
    proxy.reset();
    let mut answer = Box::pin(client.batch_execute("SELECT pg_sleep(60)"));
    tokio::select! {
        done = &mut answer => panic!("answered: {done:?}"),
        () = proxy.reached(1) => proxy.cut(),
    }
    assert!(timeout(SOON, answer).await.unwrap().is_err());
    proxy.resume();
    connect(&proxy).await.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_delay_is_added_once_to_a_round_trip() {
    let (_db, proxy) = setup().await;
    let client = connect(&proxy).await;
    proxy.set_delay(Duration::from_millis(80));
    let start = Instant::now();
    client.batch_execute("SELECT repeat('x', 1000000)").await.unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(80), "{took:?}");
    proxy.set_delay(Duration::ZERO);
}

#[tokio::test]
async fn a_server_that_closes_is_seen_and_a_dropped_proxy_closes() {
    let (db, proxy) = setup().await;
    let client = connect(&proxy).await;
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.session().rows(end, &[]).await.unwrap();
    assert!(timeout(SOON, client.batch_execute("SELECT 1")).await.unwrap().is_err());
    let client = connect(&proxy).await;
    let port = proxy.port();
    drop(proxy);
    assert!(timeout(SOON, client.batch_execute("SELECT 1")).await.unwrap().is_err());
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(start.elapsed() < SOON, "the port is still open");
    }
}

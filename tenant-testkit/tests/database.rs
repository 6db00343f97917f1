//! A database for each test, whatever runtime the test has.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicUsize, Ordering};

use tenant_core::{Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::{Error, TestDatabase, TestServer};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// How many rows a catalogue query finds, seen from another database.
async fn count(from: &TestDatabase, sql: &str, name: &str) -> usize {
    from.session().rows(sql, &[name]).await.unwrap().len()
}

const DATABASES: &str = "SELECT 1 FROM pg_database WHERE datname = $1";
const ROLES: &str = "SELECT 1 FROM pg_roles WHERE starts_with(rolname, $1 || '_')";

#[tokio::test]
async fn a_dropped_database_is_gone_with_its_roles_and_whoever_was_connected() {
    let witness = TestDatabase::create().await.unwrap();
    let db = TestDatabase::create().await.unwrap();
    let name = db.name().to_owned();
    let role = format!("{name}_app");
    let sql =
        format!("CREATE ROLE {role} LOGIN; CREATE TABLE t (a int); ALTER TABLE t OWNER TO {role}");
    db.session().batch(&sql).await.unwrap();
    let client = connect(&db.url(&role)).await.unwrap();
    client.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(count(&witness, DATABASES, &name).await, 1);
    assert_eq!(count(&witness, ROLES, &name).await, 1);
    drop(db);
    assert_eq!(count(&witness, DATABASES, &name).await, 0);
    assert_eq!(count(&witness, ROLES, &name).await, 0);
    assert!(client.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn close_drops_it_and_says_so() {
    let witness = TestDatabase::create().await.unwrap();
    let db = TestDatabase::create().await.unwrap();
    let name = db.name().to_owned();
    db.close().await.unwrap();
    assert_eq!(count(&witness, DATABASES, &name).await, 0);
}

#[test]
fn it_works_without_a_runtime_and_from_many_threads() {
    let threads: Vec<_> = (0..6)
        .map(|n| {
            std::thread::spawn(move || {
                let db = TestDatabase::create_blocking().unwrap();
                db.session().batch_blocking("CREATE TABLE t (a int)").unwrap();
                let n = n.to_string();
                let sql = "INSERT INTO t VALUES ($1) RETURNING a";
                let rows = db.session().rows_blocking(sql, &[&n]).unwrap();
                assert_eq!(rows[0]["a"].to_string(), n);
                db.name().to_owned()
            })
        })
        .collect();
    let mut names: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 6);
}

#[test]
fn a_session_outlives_the_runtime_that_used_it_first() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let db = runtime().block_on(TestDatabase::create()).unwrap();
    runtime().block_on(db.session().batch("CREATE TABLE t (a int)")).unwrap();
    runtime().block_on(db.session().batch("INSERT INTO t VALUES (1)")).unwrap();
}

#[tokio::test]
async fn a_session_is_usable_after_an_error_and_after_a_lost_connection() {
    let db = TestDatabase::create().await.unwrap();
    let session = db.session();
    let failed = session.batch("BEGIN; CREATE TABLE t (a int); SELECT 1/0; COMMIT").await;
    let failed = failed.unwrap_err();
    assert_eq!(failed.sqlstate.as_deref(), Some("22012"));
    assert!(failed.to_string().contains("division by zero"), "{failed}");
    assert!(session.rows("SELECT nonsense", &[]).await.is_err());
    assert!(session.rows("SELECT 1 FROM t", &[]).await.is_err(), "it was rolled back");
    session.batch("CREATE TABLE t (a int CONSTRAINT small CHECK (a < 9))").await.unwrap();
    let refused = session.batch("INSERT INTO t VALUES (10)").await.unwrap_err();
    assert_eq!(refused.constraint.as_deref(), Some("small"));

    let lost = session.batch("SELECT pg_terminate_backend(pg_backend_pid())").await;
    assert!(lost.is_err());
    session.batch("INSERT INTO t VALUES (1)").await.unwrap();
}

#[tokio::test]
async fn parameters_are_text_for_any_type() {
    let db = TestDatabase::create().await.unwrap();
    let sql = "SELECT $1::uuid AS u, $2::bigint AS n, $3 AS t, $4::date AS d WHERE $2::int = 7";
    let uuid = "018f4d3c-0000-7000-8000-000000000001";
    let params = [uuid, "7", "O'Neil; --", "2024-02-29"];
    let rows = db.session().rows(sql, &params).await.unwrap();
    assert_eq!(rows[0]["u"], uuid);
    assert_eq!(rows[0]["n"], 7);
    assert_eq!(rows[0]["t"], "O'Neil; --");
    assert_eq!(rows[0]["d"], "2024-02-29");
}

#[tokio::test]
async fn on_loopback_a_password_is_wanted_and_on_the_socket_none() {
    let db = TestDatabase::create().await.unwrap();
    let role = format!("{}_app", db.name());
    assert!(db.tcp_url(&role).await.is_err(), "there is no such role");
    db.session().batch(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    let url = db.tcp_url(&role).await.unwrap();
    assert_eq!(db.tcp_url(&role).await.unwrap(), url);
    for url in [&url, &db.url(&role), &db.superuser_url()] {
        connect(url).await.unwrap().batch_execute("SELECT 1").await.unwrap();
    }
    let mut config: tokio_postgres::Config = url.parse().unwrap();
    config.password("guessed");
    assert!(config.connect(NoTls).await.is_err());
}

#[tokio::test]
async fn a_template_is_set_up_once_and_copied() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let make = async || {
        TestDatabase::from_template("once", async |template| {
            RUNS.fetch_add(1, Ordering::SeqCst);
            template.session().batch("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").await?;
            Ok(())
        })
        .await
    };
    let (one, two, three) = tokio::try_join!(make(), make(), make()).unwrap();
    one.session().batch("INSERT INTO t VALUES (2)").await.unwrap();
    for (db, rows) in [(&one, 2), (&two, 1), (&three, 1)] {
        assert_eq!(db.session().rows("SELECT a FROM t", &[]).await.unwrap().len(), rows);
    }
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_template_whose_set_up_fails_is_tried_again() {
    let first = TestDatabase::from_template("twice", async |_| Err(Error::setup("no data today")));
    let why = first.await.unwrap_err();
    assert!(matches!(why, Error::Setup { .. }), "{why}");
    TestDatabase::from_template("twice", async |_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_template_to_which_somebody_is_still_connected_is_copied_all_the_same() {
    let mut client = None;
    let db = TestDatabase::from_template("connected", async |template| {
        client = Some(connect(&template.superuser_url()).await.map_err(Error::setup)?);
        Ok(())
    });
    db.await.unwrap();
    assert!(client.unwrap().batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn isolation_is_installed_in_several_databases_at_once() {
    TestServer::shared().await.unwrap();
    let install = async || {
        let db = TestDatabase::create().await.unwrap();
        db.session().batch("CREATE TABLE note (id int PRIMARY KEY)").await.unwrap();
        let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("note"), None);
        let layout = Layout::new(db.name()).unwrap();
        let login = db.url(layout.roles().login());
        db.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
        let client = connect(&login).await.unwrap();
        let refused = client.batch_execute("SELECT * FROM note").await.unwrap_err();
        assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("42501"));
        drop(client);
        db.close().await.unwrap();
    };
    tokio::join!(install(), install(), install(), install());
}

//! A server that somebody else runs. Here a server of our own plays it, for another process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::time::Duration;

use support::{again, parent_asks, part, tell};
use tenant_core::{Isolation, Layout, SqlSession, TableName, Tenancy, TenantKey};
use tenant_testkit::TestDatabase;
use tokio::time::timeout;
use tokio_postgres::NoTls;

/// Not a test by itself: what the other runs in a process of its own.
#[tokio::test]
async fn child() {
    if part().is_none() {
        return;
    }
    let db = TestDatabase::from_template("external", async |template| {
        template.session().batch("CREATE TABLE note (id int PRIMARY KEY)").await?;
        Ok(())
    })
    .await
    .unwrap();
    let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("note"), None);
    let layout = Layout::new(db.name()).unwrap();
    let proxy = db.proxy().await.unwrap();
    let early = proxy.url(layout.roles().login());
    db.install(&Isolation::new(&tenancy, &layout).unwrap()).await.unwrap();
    let login = layout.roles().login();
    for url in [
        early,
        db.url(login),
        db.tcp_url(login).await.unwrap(),
        db.superuser_url(),
        proxy.superuser_url(),
    ] {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SELECT 1").await.unwrap();
    }
    tell(db.name());
    parent_asks();
}

#[tokio::test]
async fn it_serves_and_what_a_killed_process_left_is_swept_by_the_next() {
    let server = TestDatabase::create().await.unwrap();
    let url = server.tcp_url("postgres").await.unwrap();
    let names = async |like: &str| {
        let sql = "SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, $1) \
                   UNION ALL SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)";
        server.session().rows(sql, &[like]).await.unwrap().len()
    };
    let start = || again("use").env("TENANT_TEST_DATABASE_URL", &url).start();

    let mut killed = start();
    let left = killed.told();
    let run = left.rsplit_once('_').unwrap().0.to_owned();
    killed.kill();
    assert!(names(&run).await > 3, "database, template, roles");

    // The server has to notice that the process is gone.
    let alive = "SELECT 1 FROM pg_stat_activity WHERE starts_with(application_name, $1)";
    let mark = run.replace("t_", "tenant-testkit ");
    let there = async || server.session().rows(alive, &[&mark]).await.unwrap().len();
    let gone = async { while there().await > 0 {} };
    timeout(Duration::from_secs(20), gone).await.unwrap();

    let mut next = start();
    let its = next.told();
    assert_eq!(names(&run).await, 0, "swept");
    assert!(names(&its).await > 3);
    next.end();
    assert_eq!(names(&its).await, 0, "dropped by itself");
}

use futures_util::future::join_all;
use tenant_core::{Error, SqlSession};

use crate::fixture::{World, assert_same_dump};

#[tokio::test]
async fn a_spare_is_taken_by_one_and_is_then_the_tenants() {
    let world = World::open().await;
    let (template, session) = (world.template().await, world.database.session());
    let made = template.add_spares(session, 2).await.unwrap();
    let mut left = template.spares(session).await.unwrap();
    left.sort();
    assert_eq!(left, {
        let mut made = made;
        made.sort();
        made
    });
    template.take_spare(session, "acme").await.unwrap();
    world.as_tenant(7, "acme", "INSERT INTO customers (name) VALUES ('a')").await.unwrap();
    assert_eq!(template.spares(session).await.unwrap().len(), 1);
    let Some(wanted) = world.dumped("template") else { return };
    assert_same_dump(&wanted.replace("template", "acme"), &world.dumped("acme").unwrap());
}

#[tokio::test]
async fn many_at_once_get_one_each_and_the_last_is_told() {
    let world = World::open().await;
    let (template, session) = (world.template().await, world.database.session());
    template.add_spares(session, 4).await.unwrap();
    let names: Vec<String> = (0..5).map(|n| format!("t{n}")).collect();
    let taken = join_all(names.iter().map(|name| template.take_spare(session, name))).await;
    let refused: Vec<_> = taken.into_iter().filter_map(Result::err).collect();
    assert!(matches!(refused.as_slice(), [Error::Template { .. }]), "{refused:?}");
    assert!(template.spares(session).await.unwrap().is_empty());
    assert_eq!(
        world.one("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t[0-9]$'").await,
        "4"
    );
}

#[tokio::test]
async fn a_name_that_is_taken_leaves_the_spare() {
    let world = World::open().await;
    let (template, session) = (world.template().await, world.database.session());
    template.create(session, "acme").await.unwrap();
    let made = template.add_spares(session, 1).await.unwrap();
    assert!(matches!(template.take_spare(session, "acme").await, Err(Error::Session { .. })));
    assert_eq!(template.spares(session).await.unwrap(), made);
    template.take_spare(session, "globex").await.unwrap();
}

#[tokio::test]
async fn a_take_that_loses_its_connection_leaves_the_spare() {
    let world = World::open().await;
    let (template, session) = (world.template().await, world.database.session());
    let made = template.add_spares(session, 1).await.unwrap();
    let holder = session.dedicated().await.unwrap();
    // The installer's lock: the take waits for it.
    holder
        .batch("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('tenancy', 0))")
        .await
        .unwrap();
    let take = template.take_spare(session, "acme");
    let kill = async {
        let waiting = "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity \
                       WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while session.rows(waiting, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let (taken, ()) = tokio::join!(take, kill);
    assert!(matches!(taken, Err(Error::Session { .. })));
    holder.batch("COMMIT").await.unwrap();
    assert_eq!(template.spares(session).await.unwrap(), made);
    template.take_spare(session, "acme").await.unwrap();
}

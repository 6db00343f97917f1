use std::sync::atomic::AtomicBool;

use futures_util::FutureExt as _;

use super::*;
use crate::StaticDatabases;

/// A pool, as far as the router goes.
struct Pool {
    _member: Member,
    in_use: AtomicBool,
}

impl Pool {
    fn new(member: Member) -> Self {
        Self { _member: member, in_use: AtomicBool::new(false) }
    }
}

impl Routed for Pool {
    type Error = Error;

    fn is_idle(&self) -> bool {
        !self.in_use.load(SeqCst)
    }

    fn is_unreachable(error: &Error) -> bool {
        matches!(error, Error::NoSeal)
    }

    fn is_busy(error: &Error) -> bool {
        matches!(error, Error::ConnectionsExhausted { .. })
    }
}

const LONG: Duration = Duration::from_mins(1);

fn router(names: &[&str], max_pools: usize) -> Router<Pool> {
    let known = names.iter().fold(StaticDatabases::new(), |known, name| {
        known.database(*name, DatabaseAddress::new(*name))
    });
    Router::new(Databases::new(known).max_pools(max_pools).retry_after(LONG))
}

async fn open(router: &Router<Pool>, name: &str) -> Result<Arc<Pool>, Error> {
    router.pool(name, LONG, async |_, member| Ok(Pool::new(member))).await
}

#[tokio::test]
async fn the_pool_that_was_used_least_recently_makes_room() {
    let router = router(&["a", "b", "c"], 2);
    for name in ["a", "b", "a", "c"] {
        drop(open(&router, name).await.unwrap());
    }
    let metrics = router.metrics();
    assert_eq!((metrics.pools, metrics.opened, metrics.evicted), (2, 3, 1));
    drop(open(&router, "a").await.unwrap());
    assert_eq!(router.metrics().opened, 3, "it was `b` that went");
}

#[tokio::test]
async fn a_pool_that_nobody_uses_goes_before_one_that_was_used_earlier_and_is_in_use() {
    let router = router(&["a", "b", "c"], 2);
    let a = open(&router, "a").await.unwrap();
    a.in_use.store(true, SeqCst);
    drop(open(&router, "b").await.unwrap());
    drop(open(&router, "c").await.unwrap());
    drop(open(&router, "a").await.unwrap());
    assert_eq!(router.metrics().opened, 3, "it was `b` that went");
}

#[tokio::test]
async fn a_pool_that_is_in_use_goes_when_its_work_ends_and_whoever_comes_back_stands_in_line() {
    let router = Arc::new(router(&["a", "b"], 1));
    let a = open(&router, "a").await.unwrap();
    let waits = tokio::spawn({
        let router = router.clone();
        async move { open(&router, "b").await.map(drop) }
    });
    while router.metrics().evicted == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!waits.is_finished());
    let comes_back = tokio::spawn({
        let router = router.clone();
        async move { open(&router, "a").await.map(drop) }
    });
    tokio::task::yield_now().await;
    drop(a);
    waits.await.unwrap().unwrap();
    comes_back.await.unwrap().unwrap();
}

#[tokio::test]
async fn nobody_waits_for_a_room_longer_than_agreed() {
    let router = router(&["a", "b"], 1);
    let a = open(&router, "a").await.unwrap();
    let soon = Duration::from_millis(20);
    let late = router.pool("b", soon, async |_, member| Ok(Pool::new(member))).await;
    let late = late.err().unwrap();
    assert!(matches!(late, Error::PoolNotOpened { .. }), "{late}");
    assert_eq!(router.metrics().down, 0, "it says nothing of the database");
    drop(a);
    open(&router, "b").await.unwrap();
}

#[tokio::test]
async fn many_more_databases_than_pools_and_everybody_gets_there() {
    let names: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let router = router(&names, 3);
    let work = async |name: &str| {
        let pool = open(&router, name).await.unwrap();
        tokio::task::yield_now().await;
        drop(pool);
        assert!(router.metrics().pools <= 3);
    };
    let all = names.iter().chain(&names).chain(&names).map(|name| work(name));
    futures_util::future::join_all(all).await;
}

#[tokio::test]
async fn a_database_that_failed_is_not_tried_again_at_once_by_anybody() {
    let router = router(&["a"], 3);
    let tried = AtomicUsize::new(0);
    let fails = || {
        router.pool("a", LONG, async |_, _| {
            tried.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
            Err::<Pool, _>(Error::NoAdmin)
        })
    };
    // All at once: one tries, the others hear of it.
    let (one, two, three) = tokio::join!(fails(), fails(), fails());
    assert!(matches!(one, Err(Error::NoAdmin)));
    for told in [two, three, fails().await] {
        let told = told.err().unwrap();
        assert!(matches!(told, Error::DatabaseDown { .. }), "{told:?}");
    }
    assert_eq!(tried.load(SeqCst), 1);
    router.tell("a", &Ok(()));
    open(&router, "a").await.unwrap();
}

#[tokio::test]
async fn one_call_tries_a_database_that_was_down_and_the_others_go_on_being_told() {
    let known = StaticDatabases::new().database("a", DatabaseAddress::new("a"));
    let router = Router::<Pool>::new(Databases::new(known).retry_after(Duration::ZERO));
    drop(open(&router, "a").await.unwrap());
    router.tell::<()>("a", &Err(Error::NoSeal));
    assert_eq!(router.metrics().down, 1);
    let mut tries = std::pin::pin!(router.pool("a", LONG, async |_, member| {
        tokio::task::yield_now().await;
        Ok(Pool::new(member))
    }));
    assert!(tries.as_mut().now_or_never().is_none());
    let told = open(&router, "a").await.err().unwrap();
    assert!(matches!(told, Error::DatabaseDown { .. }), "{told:?}");
    tries.await.unwrap();
    open(&router, "a").await.unwrap();
    let metrics = router.metrics();
    assert_eq!((metrics.opened, metrics.down, metrics.unreachable), (2, 0, 1), "{metrics:?}");
}

#[tokio::test]
async fn whoever_came_at_a_bad_time_says_nothing_of_the_database() {
    let router = router(&["a"], 1);
    let own = |_, member: Member| async move { Err(member.exhausted(1, LONG)) };
    router.pool("a", LONG, own).await.err().unwrap();
    open(&router, "a").await.unwrap();
}

#[tokio::test]
async fn a_dropped_opening_leaves_the_way_free() {
    let router = router(&["a"], 1);
    let begun = AtomicBool::new(false);
    {
        let mut opening = std::pin::pin!(router.pool("a", LONG, async |_, member| {
            begun.store(true, SeqCst);
            std::future::pending::<()>().await;
            Ok(Pool::new(member))
        }));
        while !begun.load(SeqCst) {
            assert!(opening.as_mut().now_or_never().is_none());
        }
    }
    open(&router, "a").await.unwrap();
}

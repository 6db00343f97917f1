//! More databases than connections: who waits, for how long, and what is left.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tenant_core::{
    Databases, Error as CoreError, RouterMetrics, SqlSession, StaticDatabases, TenantScope,
    Verified, quote_literal,
};
use tenant_testkit::TestDatabase;
use tenant_tests::cancel::cancelled_after;

use crate::{
    databases::{Handles, address, core_error, in_database},
    outages::until,
    world::{World, at, shared},
};

/// A pool that opens and ends transactions, through either ORM.
trait Begins {
    /// How long it took to open one.
    async fn begin_and_commit(&self, scope: &TenantScope<Verified>) -> Duration;
    fn metrics(&self) -> RouterMetrics;
}

macro_rules! begins {
    ($db:ty) => {
        impl Begins for $db {
            async fn begin_and_commit(&self, scope: &TenantScope<Verified>) -> Duration {
                let started = Instant::now();
                let tx = self.begin(scope).await.unwrap();
                let took = started.elapsed();
                tx.commit().await.unwrap();
                took
            }

            fn metrics(&self) -> RouterMetrics {
                self.router_metrics().unwrap()
            }
        }
    };
}

begins!(tenant_diesel::TenantDb);
begins!(tenant_seaorm::TenantDb);

/// How many, and how much.
#[derive(Clone, Copy)]
struct Size {
    databases: usize,
    connections: usize,
    pools: usize,
    /// Transactions of each caller, of which each database has two.
    rounds: usize,
    /// More callers, of the first database alone.
    greedy: usize,
}

/// What became of it.
#[derive(Debug)]
#[allow(dead_code, reason = "it is printed")]
struct Seen {
    took: Duration,
    /// Of the callers that are not greedy, how long they waited for a transaction.
    median: Duration,
    longest: Duration,
    /// How many more had been served before one of them than had asked before it, at worst.
    overtaken: usize,
    /// Transactions of the greedy callers until the others had all of theirs.
    greedy: usize,
    /// Connections that the server counted at once, at most.
    peak: i64,
    metrics: RouterMetrics,
}

/// Each database has two callers, but the first one, which has a crowd of them.
async fn crowd(size: Size, main: &World, app: &impl Begins) -> Seen {
    let mut scopes = Vec::new();
    for n in 0..size.databases {
        scopes.push(at(u128::try_from(n).unwrap() + 1, in_database(&name(n))).await);
    }
    let callers = scopes.len() * 2 - 2;
    let (asked, served) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (greedy, left) = (AtomicUsize::new(0), AtomicUsize::new(callers));
    let ordinary = scopes[1..].iter().chain(&scopes[1..]).map(async |scope| {
        let mut seen = Vec::new();
        for _ in 0..size.rounds {
            let before = asked.fetch_add(1, SeqCst);
            let wait = app.begin_and_commit(scope).await;
            seen.push((wait, served.fetch_add(1, SeqCst).saturating_sub(before)));
        }
        left.fetch_sub(1, SeqCst);
        seen
    });
    let crowd = (0..size.greedy).map(async |_| {
        while left.load(SeqCst) > 0 {
            app.begin_and_commit(&scopes[0]).await;
            greedy.fetch_add(1, SeqCst);
        }
    });
    let login = quote_literal(main.layout.roles().login());
    let count = format!("SELECT count(*) AS n FROM pg_stat_activity WHERE usename = {login}");
    let watch = async {
        let mut peak = 0;
        while left.load(SeqCst) > 0 {
            let counted = main.database.session().rows(&count, &[]).await.unwrap();
            peak = peak.max(counted[0]["n"].as_i64().unwrap());
            let metrics = app.metrics();
            assert!(metrics.connections <= size.connections, "{metrics:?}");
            assert!(metrics.pools <= size.pools, "{metrics:?}");
        }
        peak
    };
    let started = Instant::now();
    // The crowd asks first.
    let (_, seen, peak) = tokio::join!(join_all(crowd), join_all(ordinary), watch);
    let took = started.elapsed();
    let seen: Vec<_> = seen.into_iter().flatten().collect();
    let overtaken = seen.iter().map(|(_, overtaken)| *overtaken).max().unwrap();
    let mut waits: Vec<Duration> = seen.into_iter().map(|(wait, _)| wait).collect();
    waits.sort_unstable();
    let (median, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    let (greedy, metrics) = (greedy.load(SeqCst), app.metrics());
    // A turn is given in order; what is done with it may take longer or shorter.
    assert!(overtaken <= callers * 2 + size.connections, "{overtaken} of {callers} callers");
    assert_eq!((metrics.unreachable, metrics.told_at_once), (0, 0), "{metrics:?}");
    assert_eq!(metrics.lent, 0, "{metrics:?}");
    Seen { took, median, longest, overtaken, greedy, peak, metrics }
}

fn name(n: usize) -> String {
    format!("db-{n}")
}

/// Empty databases, in which a transaction opens and ends.
async fn empty(count: usize) -> Vec<TestDatabase> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(TestDatabase::create().await.unwrap());
    }
    all
}

fn over(main: &World, all: &[TestDatabase], size: Size) -> Databases {
    let known = all.iter().enumerate().fold(StaticDatabases::new(), |known, (n, database)| {
        known.database(name(n), address(main, database))
    });
    // The machine is busy.
    let long = Duration::from_secs(20);
    Databases::new(known)
        .max_connections(size.connections)
        .max_pools(size.pools)
        .connect_timeout(long)
}

async fn both(size: Size, main: &World, all: &[TestDatabase]) -> [Seen; 2] {
    let mut handles = Handles::new(main, over(main, all, size), 4);
    handles.unchecked = Some("the databases are empty");
    // The crowd of the first database waits for one another.
    handles.wait = Some(Duration::from_mins(5));
    let diesel = handles.diesel().await;
    let first = crowd(size, main, &diesel).await;
    diesel.close();
    let seaorm = handles.seaorm().await;
    let second = crowd(size, main, &seaorm).await;
    seaorm.close().await;
    [first, second]
}

#[tokio::test]
async fn many_databases_share_few_connections_and_fewer_pools() {
    let main = World::open().await;
    let all = empty(8).await;
    let size = Size { databases: 8, connections: 5, pools: 8, rounds: 5, greedy: 12 };
    for size in [size, Size { pools: 3, ..size }] {
        for seen in both(size, &main, &all).await {
            assert!(seen.metrics.closed_for_others > 0 || seen.metrics.evicted > 0, "{seen:?}");
            // Nothing is closed that need not be.
            assert_eq!(seen.metrics.evicted > 0, size.pools == 3, "{seen:?}");
        }
    }
}

#[tokio::test]
#[ignore = "100 databases: cargo test -p tenant-tests --test placement -- --ignored --nocapture hundred"]
async fn a_hundred_databases_share_forty_connections() {
    let main = World::open().await;
    let all = empty(100).await;
    let size = Size { databases: 100, connections: 40, pools: 100, rounds: 20, greedy: 200 };
    for size in [size, Size { pools: 30, ..size }] {
        for (seen, orm) in both(size, &main, &all).await.into_iter().zip(["Diesel", "SeaORM"]) {
            println!("{orm}, {} pools: {seen:#?}", size.pools);
        }
    }
}

/// Whoever leaves the line, wherever it stands, leaves no turn, connection or pool behind.
#[tokio::test]
async fn cancelled_calls_hold_nothing() {
    let main = World::open().await;
    let all = empty(2).await;
    let size = Size { databases: 2, connections: 2, pools: 1, rounds: 0, greedy: 0 };
    let mut handles = Handles::new(&main, over(&main, &all, size), 2);
    handles.unchecked = Some("the databases are empty");
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scopes = [at(1, in_database(&name(0))).await, at(2, in_database(&name(1))).await];
    for polls in 1..40 {
        for scope in &scopes {
            drop(cancelled_after(polls, diesel.begin(scope)).await);
            drop(cancelled_after(polls, seaorm.begin(scope)).await);
        }
    }
    // Those who wait in line, too, for a turn, a connection of the pool or a pool: all are in use.
    let waiting = [&shared(3).await, &scopes[0], &scopes[1]];
    let held = (diesel.begin(&scopes[0]).await.unwrap(), diesel.begin(&scopes[0]).await.unwrap());
    for scope in waiting {
        assert!(cancelled_after(1, diesel.begin(scope)).await.is_none());
    }
    drop(held);
    let held = (seaorm.begin(&scopes[0]).await.unwrap(), seaorm.begin(&scopes[0]).await.unwrap());
    for scope in waiting {
        assert!(cancelled_after(1, seaorm.begin(scope)).await.is_none());
    }
    drop(held);
    until(async || diesel.router_metrics().unwrap().lent == 0).await;
    until(async || seaorm.router_metrics().unwrap().lent == 0).await;
    // All turns, slots and rooms are there again.
    for scope in scopes.iter().chain(&scopes) {
        let (one, two) = (diesel.begin(scope).await.unwrap(), diesel.begin(scope).await.unwrap());
        one.commit().await.unwrap();
        two.commit().await.unwrap();
        let (one, two) = (seaorm.begin(scope).await.unwrap(), seaorm.begin(scope).await.unwrap());
        one.commit().await.unwrap();
        two.commit().await.unwrap();
    }
    for metrics in [diesel.router_metrics().unwrap(), seaorm.router_metrics().unwrap()] {
        assert!(metrics.connections <= 2 && metrics.pools == 1, "{metrics:?}");
    }
}

/// The line of all databases, with nothing free in it, ends for each caller in the time agreed.
#[tokio::test]
async fn whoever_waits_too_long_is_told_what_is_full() {
    let main = World::open().await;
    let all = empty(1).await;
    let size = Size { databases: 1, connections: 1, pools: 1, rounds: 0, greedy: 0 };
    let mut handles = Handles::new(&main, over(&main, &all, size), 2);
    handles.unchecked = Some("the databases are empty");
    handles.wait = Some(Duration::from_millis(100));
    let (diesel, seaorm) = (handles.diesel().await, handles.seaorm().await);
    let scope = at(1, in_database(&name(0))).await;
    let held = diesel.begin(&scope).await.unwrap();
    let late = diesel.begin(&shared(2).await).await.unwrap_err();
    assert!(matches!(core_error(&late), CoreError::ConnectionsExhausted { all: 1, .. }), "{late}");
    held.commit().await.unwrap();
    diesel.begin(&shared(2).await).await.unwrap().commit().await.unwrap();
    let held = seaorm.begin(&scope).await.unwrap();
    let late = seaorm.begin(&shared(2).await).await.unwrap_err();
    assert!(matches!(core_error(&late), CoreError::ConnectionsExhausted { all: 1, .. }), "{late}");
    held.commit().await.unwrap();
    seaorm.begin(&shared(2).await).await.unwrap().commit().await.unwrap();
}

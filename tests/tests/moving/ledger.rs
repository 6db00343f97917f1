//! Clients that keep a ledger of what was committed, before, during and after a move.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tenant_core::{Move, MoveSessions, Placement, SqlRegistry, TenantScope, Verified};
use uuid::Uuid;

use crate::{
    diesel_client::{self, TENANCY, entry},
    seaorm_client,
    world::{MAX_SCOPE_AGE, TENANT, World, acme, scope},
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Write {
    Insert(Uuid, i64),
    Update(Uuid, i64),
    Delete(Uuid),
}

/// What a client heard of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Done,
    Moving,
    Stale,
}

pub(crate) trait Client {
    /// One transaction.
    async fn write(&self, scope: &TenantScope<Verified>, write: Write) -> Told;
}

#[derive(Debug, Default)]
struct Ledger {
    entries: BTreeMap<Uuid, i64>,
    commits: u64,
    refused: u64,
    /// The longest time between two commits.
    pause: Duration,
}

/// Writes until it is told to stop; a refused transaction is run again with a scope that was verified
/// again, as an application would.
async fn client(
    number: u64,
    app: &impl Client,
    registry: SqlRegistry,
    stop: &AtomicBool,
    commits: &AtomicU64,
) -> Ledger {
    let mut ledger = Ledger::default();
    let mut verified = scope(&registry).await;
    let mut last = Instant::now();
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let some =
            ledger.entries.keys().nth(usize::try_from(n / 2).unwrap() % (ledger.entries.len() + 1));
        let value = i64::try_from(n).unwrap();
        let write = match (n % 4, some.copied()) {
            (1, Some(id)) => Write::Update(id, value),
            (3, Some(id)) if ledger.entries.len() > 20 => Write::Delete(id),
            _ => Write::Insert(entry(number, n), value),
        };
        loop {
            match app.write(&verified, write).await {
                Told::Done => break,
                told => {
                    ledger.refused += u64::from(told == Told::Moving);
                    verified = scope(&registry).await;
                }
            }
        }
        match write {
            Write::Insert(id, value) | Write::Update(id, value) => ledger.entries.insert(id, value),
            Write::Delete(id) => ledger.entries.remove(&id),
        };
        ledger.commits += 1;
        commits.fetch_add(1, Ordering::Relaxed);
        ledger.pause = ledger.pause.max(last.elapsed());
        last = Instant::now();
    }
    ledger
}

/// Moves there and back while four clients write, and compares what is there with their ledgers.
async fn there_and_back(rows: u32) {
    let world = World::open(rows).await;
    let before = world.entries("public").await;
    let (diesel, seaorm) = (diesel_client::open(&world).await, seaorm_client::open(&world).await);
    let admin = world.database.session_as(world.layout.roles().admin().unwrap());
    for (to, here, there) in [(acme(), "public", "acme"), (Placement::default(), "acme", "public")]
    {
        let (stop, commits) = (AtomicBool::new(false), AtomicU64::new(0));
        let more = async |count: u64| {
            let until = commits.load(Ordering::Relaxed) + count;
            while commits.load(Ordering::Relaxed) < until {
                tokio::task::yield_now().await;
            }
        };
        let moving = async {
            more(40).await;
            let started = Instant::now();
            let a_move = Move::new(&TENANCY, TENANT, to).layout(&world.layout);
            let a_move = a_move
                .keep_source(MAX_SCOPE_AGE + Duration::from_millis(100))
                .on_step(move |step| println!("{step} after {:?}", started.elapsed()));
            let moved = a_move.run(MoveSessions::one(&admin), "alice", "a test").await.unwrap();
            let took = started.elapsed();
            more(40).await;
            stop.store(true, Ordering::Relaxed);
            (moved, took)
        };
        let run = |number| client_of(number, &world, &diesel, &seaorm, &stop, &commits);
        let ((moved, took), a, b, c, d) =
            futures_util::join!(moving, run(1), run(2), run(3), run(4));
        let ledgers = [a, b, c, d];

        let mut expected: BTreeMap<Uuid, i64> = before.iter().copied().collect();
        expected.extend(ledgers.iter().flat_map(|ledger| ledger.entries.clone()));
        let found = world.entries(there).await;
        assert_eq!(found.len(), expected.len(), "rows are lost or doubled");
        assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), expected);
        assert_eq!(world.entries(here).await, []);
        assert!(ledgers.iter().map(|ledger| ledger.refused).sum::<u64>() > 0, "{ledgers:?}");
        println!(
            "{rows} rows to {there}: {took:?}; writes refused for {:?} by the registry's clock; \
             longest pause of a client {:?}; {} commits meanwhile",
            moved.writes_refused,
            ledgers.iter().map(|ledger| ledger.pause).max().unwrap(),
            ledgers.iter().map(|ledger| ledger.commits).sum::<u64>(),
        );
        // The clients' rows go, so that the next direction begins as this one did.
        let clean = format!("DELETE FROM {there}.entries WHERE body = 'new'");
        tenant_core::SqlSession::batch(world.database.session(), &clean).await.unwrap();
    }
}

async fn client_of(
    number: u64,
    world: &World,
    diesel: &tenant_diesel::TenantDb,
    seaorm: &tenant_seaorm::TenantDb,
    stop: &AtomicBool,
    commits: &AtomicU64,
) -> Ledger {
    if number.is_multiple_of(2) {
        client(number, diesel, world.registry(), stop, commits).await
    } else {
        client(number, seaorm, world.registry(), stop, commits).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_lost_or_doubled_while_clients_write() {
    Box::pin(there_and_back(3000)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute; cargo test -p tenant-tests --test moving -- --ignored --nocapture"]
async fn no_row_of_100_000_is_lost_or_doubled_while_clients_write() {
    Box::pin(there_and_back(100_000)).await;
}

//! Throughput and latency on a local socket, where the server's processor is what there is least of.
//!
//! `cargo bench -p tenant-benches --bench overhead`, or with `-- --rounds 40 --milliseconds 500` for more
//! or longer turns than the default 15 of 300 ms.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::time::{Duration, Instant};

use tenant_benches::{
    Samples, argument, median,
    modes::{Mode, Stack, Way, modes},
    results::{Results, Table, Value},
    shop::Shops,
};

const CALLERS: [usize; 3] = [1, 8, 50];

/// The connections of each pool.
const POOL: u32 = 10;

const WAYS: [Way; 9] = [
    Way::Plain,
    Way::ByHand,
    Way::AtCheckout,
    Way::Ours,
    Way::OursSealed,
    Way::Deferred,
    Way::DeferredSealed,
    Way::Read,
    Way::ReadSealed,
];

const ABOUT: &str = "One query by primary key, each time of another tenant, over pools of 10 connections on a local \
    socket, client and server on the same cores. The ways take turns; each turn's throughput is divided by that of \
    the ORM's own transaction in the same round, and the median of these ratios is told. The ORM's own asks \
    `WHERE tenant_id = …` of a table without row security; the two patterns by hand have row security with one policy. \
    Sealed is `Binding::Guarded`.";

/// What one way did, a value for each turn.
#[derive(Default, Clone)]
struct Turns {
    per_second: Vec<f64>,
    latencies: Samples,
}

async fn turn(mode: &Mode, callers: usize, lasts: Duration, turns: Option<&mut Turns>) {
    let started = Instant::now();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let mode = mode.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while started.elapsed() < lasts {
                    let asked = Instant::now();
                    mode.run().await;
                    latencies.push(asked.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for caller in callers {
        latencies.extend(caller.await.unwrap());
    }
    let seconds = started.elapsed().as_secs_f64();
    if let Some(turns) = turns {
        turns.per_second.push(latencies.len() as f64 / seconds);
        for took in latencies {
            turns.latencies.push(took);
        }
    }
}

/// The median over the rounds of what a way did in a round, as a share of what another did in it.
fn ratio(of: &Turns, to: &Turns) -> f64 {
    median(of.per_second.iter().zip(&to.per_second).map(|(of, to)| of / to))
}

fn table(stack: Stack, callers: usize, all: &[(Way, Turns)]) -> Table {
    let title = format!("{}, {callers} at once", stack.name());
    let head = ["throughput", "p50", "p99"];
    let about = "Each as a multiple of the ORM's own transaction's: more throughput is better, less latency is.";
    let mut table = Table::new(&title, about, &head);
    let own = &all[0].1;
    for (way, turns) in all {
        let latency = |share| turns.latencies.quantile(share) / own.latencies.quantile(share);
        let values = [ratio(turns, own), latency(0.5), latency(0.99)];
        table.row(way.name(), values.map(|value| Value::number(value, 2)));
    }
    table.bars("throughput, × the ORM's own", [0])
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let rounds = argument("rounds").unwrap_or(15);
    let milliseconds = argument("milliseconds").unwrap_or(300);
    let lasts = Duration::from_millis(u64::try_from(milliseconds).unwrap());
    let shops = Shops::open().await;
    let modes = modes(&shops.addresses(), POOL).await;
    let session = shops.none.database.session();
    let mut results = Results::new("overhead", "Overhead on a local socket", ABOUT, session).await;
    let mut worst_own = f64::INFINITY;
    let mut worst_by_hand = f64::INFINITY;
    for stack in [Stack::Diesel, Stack::SeaOrm] {
        for callers in CALLERS {
            let of = |way: &Way| modes.iter().find(|m| (m.stack, m.way) == (stack, *way));
            let modes: Vec<&Mode> = WAYS.iter().filter_map(of).collect();
            let mut all: Vec<(Way, Turns)> =
                modes.iter().map(|mode| (mode.way, Turns::default())).collect();
            for mode in &modes {
                turn(mode, callers, lasts, None).await;
            }
            for _ in 0..rounds {
                for (mode, (_, turns)) in modes.iter().zip(&mut all) {
                    turn(mode, callers, lasts, Some(turns)).await;
                }
            }
            let find = |way| &all.iter().find(|(other, _)| *other == way).unwrap().1;
            if callers > 1 {
                let ours = find(Way::Ours);
                worst_own = worst_own.min(ratio(ours, find(Way::Plain)));
                worst_by_hand = worst_by_hand.min(ratio(ours, find(Way::ByHand)));
            }
            results.tables.push(table(stack, callers, &all));
            println!("{} {callers}", stack.name());
        }
    }
    results.target(
        "saturated: at most 10 % fewer transactions than the ORM's own, role included",
        format!("{worst_own:.2} × at the least"),
        worst_own >= 0.9,
    );
    results.target(
        "saturated: at least 10 % more than by hand",
        format!("{worst_by_hand:.2} × at the least"),
        worst_by_hand >= 1.1,
    );
    results.finish();
}

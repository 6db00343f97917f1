//! What a distant server makes of round trips: each way of running one query at 0, 1 and 5 ms.
//!
//! `cargo bench -p tenant-benches --bench round_trips`, or with `-- --rounds 200` for more than the
//! default 60. The counts are asserted in `benches/tests/round_trips.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::items_after_statements)]

use std::time::{Duration, Instant};

use tenant_benches::{
    Samples, argument,
    modes::{Mode, Stack, Way, modes},
    results::{Results, Table, Value},
    shop::Shops,
};

const DELAYS: [u64; 3] = [0, 1, 5];

const ABOUT: &str = "One query by primary key, each time of another tenant, through a relay that counts bursts and adds \
    its delay to each round trip; one caller, statements cached, all ways taking turns in one run. The ORM's own \
    transaction, and the way by hand, run on pools without pings; the third row is the pool as it comes.";

/// The ways in the order of the report, and what each is compared with.
const WAYS: [(Way, Way); 16] = [
    (Way::Plain, Way::Plain),
    (Way::PlainAsItComes, Way::Plain),
    (Way::ByHand, Way::Plain),
    (Way::AtCheckout, Way::Plain),
    (Way::Ours, Way::Plain),
    (Way::OursSealed, Way::Plain),
    (Way::OursShared, Way::Plain),
    (Way::Deferred, Way::Plain),
    (Way::DeferredSealed, Way::Plain),
    (Way::Read, Way::Plain),
    (Way::ReadSealed, Way::Plain),
    (Way::PlainNested, Way::PlainNested),
    (Way::OursNested, Way::PlainNested),
    (Way::PlainEmpty, Way::PlainEmpty),
    (Way::OursEmpty, Way::PlainEmpty),
    (Way::DeferredEmpty, Way::PlainEmpty),
];

struct Measured {
    modes: Vec<Mode>,
    /// Per delay and mode.
    samples: Vec<Vec<Samples>>,
}

impl Measured {
    fn find(&self, stack: Stack, way: Way) -> Option<usize> {
        self.modes.iter().position(|mode| (mode.stack, mode.way) == (stack, way))
    }

    fn median(&self, delay: usize, stack: Stack, way: Way) -> Option<f64> {
        Some(self.samples[delay][self.find(stack, way)?].quantile(0.5))
    }

    /// How many times faster than `than`.
    fn faster(&self, delay: usize, stack: Stack, way: Way, than: Way) -> Option<f64> {
        Some(self.median(delay, stack, than)? / self.median(delay, stack, way)?)
    }

    fn counts(&self) -> [Table; 2] {
        let head = Stack::ALL.map(Stack::name);
        let about = "Round trips that the caller waits for, and behind a + those that nobody does.";
        let mut table = Table::new("Round trips", about, &head);
        let mut drawn = Table::new("Round trips that somebody waits for", "", &head);
        for (way, _) in WAYS {
            let modes = Stack::ALL.map(|s| self.find(s, way).map(|at| &self.modes[at]));
            let said = modes.map(|mode| match mode {
                None => "".into(),
                Some(Mode { trips, behind: 0, .. }) => Value::count(*trips),
                Some(mode) => Value::from(format!("{} + {}", mode.trips, mode.behind).as_str()),
            });
            table.row(way.name(), said);
            let trips = modes.map(|mode| mode.map_or_else(|| "".into(), |m| Value::count(m.trips)));
            drawn.row(way.name(), trips);
        }
        [table, drawn.bars("round trips", [0, 1, 2])]
    }

    fn times(&self, stack: Stack) -> Table {
        let title = format!("{}: how many times as fast as the ORM's own", stack.name());
        let about =
            "1.00 is the ORM's own transaction with the same nesting; more is faster. By medians.";
        let head = DELAYS.map(|ms| format!("{ms} ms"));
        let mut table = Table::new(&title, about, &[&head[0], &head[1], &head[2]]);
        for (way, than) in WAYS {
            // Nothing is sent, so there is nothing to divide by.
            if self.find(stack, way).is_none() || way == Way::DeferredEmpty {
                continue;
            }
            let values = [0, 1, 2].map(|delay| {
                Value::number(self.faster(delay, stack, way, than).unwrap_or_default(), 2)
            });
            table.row(way.name(), values);
        }
        table.bars("times as fast", [0, 1, 2])
    }
}

fn targets(results: &mut Results, measured: &Measured) {
    const ONE_MS: usize = 1;
    let mut at_least = |wanted: &str, least: f64, pairs: &[(Way, Way)]| {
        let mut worst: Option<(f64, Stack, Way)> = None;
        for stack in Stack::ALL {
            for &(way, than) in pairs {
                let faster = measured.faster(ONE_MS, stack, way, than);
                worst = faster.map_or(worst, |f| match worst {
                    Some((w, ..)) if w <= f => worst,
                    _ => Some((f, stack, way)),
                });
            }
        }
        let (worst, stack, way) = worst.unwrap();
        let found = format!("{worst:.2} at the least ({}, {})", stack.name(), way.name());
        results.target(wanted, found, worst >= least);
    };
    use Way::{
        ByHand, Deferred, DeferredSealed, Ours, OursNested, OursSealed, OursShared, Plain,
        PlainNested, Read, ReadSealed,
    };
    let unscoped = "1 ms: no mode more than 3 % slower than the ORM's own (0.97)";
    at_least(unscoped, 0.97, &[(Ours, Plain), (OursShared, Plain), (OursNested, PlainNested)]);
    at_least(&format!("{unscoped}, sealed"), 0.97, &[(OursSealed, Plain)]);
    let riding = "1 ms: where `BEGIN` rides along, at least 1.4 × as fast as the ORM's own";
    at_least(riding, 1.4, &[(Deferred, Plain)]);
    at_least(&format!("{riding}, sealed"), 1.4, &[(DeferredSealed, Plain)]);
    let by_hand = "1 ms: against the pattern by hand, at least 1.25 × in every mode";
    at_least(by_hand, 1.25, &[(Ours, ByHand), (Deferred, ByHand), (Read, ByHand)]);
    at_least(&format!("{by_hand}, sealed"), 1.25, &[(OursSealed, ByHand)]);
    for way in [Read, ReadSealed] {
        let faster = measured.faster(ONE_MS, Stack::Diesel, way, Plain).unwrap();
        let wanted = "1 ms: `read` (Diesel async) at least 2.5 × as fast as the ORM's own";
        results.target(wanted, format!("{faster:.2} ({})", way.name()), faster >= 2.5);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds = argument("rounds").unwrap_or(60);
    let shops = Shops::open().await;
    let (at, wire) = shops.proxied().await;
    let modes = modes(&at, 1).await;
    for mode in modes.iter().chain(&modes) {
        mode.run().await;
    }
    let mut samples = vec![vec![Samples::default(); modes.len()]; DELAYS.len()];
    for (delay, samples) in DELAYS.iter().zip(&mut samples) {
        wire.set_delay(Duration::from_millis(*delay));
        for round in 0..rounds + 5 {
            for (mode, samples) in modes.iter().zip(samples.iter_mut()) {
                let started = Instant::now();
                mode.run().await;
                let took = started.elapsed();
                // The first ones warm up.
                if round >= 5 {
                    samples.push(took);
                }
            }
        }
    }
    let measured = Measured { modes, samples };
    let session = shops.none.database.session();
    let mut results = Results::new("round_trips", "Round trips", ABOUT, session).await;
    results.tables.extend(measured.counts());
    for stack in Stack::ALL {
        results.tables.push(measured.times(stack));
    }
    targets(&mut results, &measured);
    results.finish();
}

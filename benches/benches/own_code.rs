//! What our own code takes of memory and processor, with the driver's part taken away: `begin` and
//! `commit`, and `verify` with a registry that is cached.
//!
//! `cargo bench -p tenant-benches --bench own_code`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool,
    },
};
use rustix::time::{ClockId, clock_gettime};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tenant_benches::{
    argument,
    results::{Results, Table, Value},
    shop::{Shop, Walls, entity, schema, scopes},
};
use tenant_core::{
    CachedRegistry, Layout, Principal, StaticRegistry, TenantKey, TenantRecord, TenantScope,
    TransactionOptions,
    adapter::{COMMIT, Opening, OpeningOptions},
};
use tokio::runtime::Runtime;

/// Calls that are measured together.
const BATCH: u32 = 50;

const ABOUT: &str = "Allocations, and the time that the client's one thread was on a processor, per call \
    (the tenth percentile of batches). *Driver* is the same two messages, ready made, on the driver's own connection (Diesel: out of a \
    pool; sqlx: one that is held). What is left is checks, the message's text, the span, the pool's bookkeeping.";

struct Costs {
    allocations: f64,
    bytes: f64,
    nanoseconds: Vec<f64>,
}

fn on_cpu() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// What is measured, by its name.
type Call<'c> = (&'c str, Box<dyn FnMut() + 'c>);

/// Measures each in turn, so many rounds.
fn measure(rounds: usize, calls: &mut [Call<'_>]) -> Vec<Costs> {
    let mut all: Vec<Costs> = calls
        .iter_mut()
        .map(|(_, call)| {
            (0..BATCH).for_each(|_| call());
            let info = allocation_counter::measure(|| (0..BATCH).for_each(|_| call()));
            let per_call = |total: u64| total as f64 / f64::from(BATCH);
            let (allocations, bytes) = (per_call(info.count_total), per_call(info.bytes_total));
            Costs { allocations, bytes, nanoseconds: Vec::new() }
        })
        .collect();
    for _ in 0..rounds {
        for ((_, call), costs) in calls.iter_mut().zip(&mut all) {
            let before = on_cpu();
            (0..BATCH).for_each(|_| call());
            costs.nanoseconds.push((on_cpu() - before) / f64::from(BATCH));
        }
    }
    all
}

/// The tenth percentile: what a call takes where neither the server nor anybody else is in its way.
fn least(costs: &Costs) -> f64 {
    let mut all = costs.nanoseconds.clone();
    all.sort_by(f64::total_cmp);
    all[all.len() / 10]
}

fn own_cost(costs: &[Costs], of: usize, without: usize) -> [f64; 3] {
    let nanoseconds = |at: usize| least(&costs[at]);
    [
        costs[of].allocations - costs[without].allocations,
        costs[of].bytes - costs[without].bytes,
        nanoseconds(of) - nanoseconds(without),
    ]
}

fn begin_and_commit(runtime: &Runtime, shop: &Shop, rounds: usize) -> Table {
    let url = shop.database.url(&shop.login());
    let layout = Layout::new(shop.database.name()).unwrap();
    let scope = runtime.block_on(scopes()).swap_remove(0);
    let opening = Opening::new(&layout, TenantKey::Bigint, &OpeningOptions::default()).unwrap();
    // As a pool finds it out of this server.
    let opening = opening.counted(false);
    let opening = opening.tenant(&scope, TransactionOptions::default()).unwrap();

    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(&url, config);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let diesel = tenant_diesel::TenantDb::builder(&schema::TENANCY).max_connections(1);
    let diesel = runtime.block_on(diesel.connect(&url)).unwrap();
    let mut sqlx = runtime.block_on(sqlx::PgConnection::connect(&url)).unwrap();
    let seaorm = tenant_seaorm::TenantDb::builder(&entity::TENANCY).max_connections(1);
    let seaorm = runtime.block_on(seaorm.connect(&url)).unwrap();

    let costs = measure(
        rounds,
        &mut [
            (
                "driver",
                Box::new(|| {
                    runtime.block_on(async {
                        let mut c = pool.get().await.unwrap();
                        c.batch_execute(&opening).await.unwrap();
                        c.batch_execute(COMMIT).await.unwrap();
                    });
                }),
            ),
            (
                "ours",
                Box::new(|| {
                    runtime.block_on(async {
                        diesel.begin(&scope).await.unwrap().commit().await.unwrap();
                    });
                }),
            ),
            (
                "driver",
                Box::new(|| {
                    runtime.block_on(async {
                        sqlx.execute(AssertSqlSafe(opening.as_str())).await.unwrap();
                        sqlx.execute(AssertSqlSafe(COMMIT)).await.unwrap();
                    });
                }),
            ),
            (
                "ours",
                Box::new(|| {
                    runtime.block_on(async {
                        seaorm.begin(&scope).await.unwrap().commit().await.unwrap();
                    });
                }),
            ),
        ],
    );
    let head = ["allocations", "bytes", "µs on a processor", "of which the driver's µs"];
    let mut table = Table::new("`begin` and `commit`, in our code alone", "", &head);
    for (name, driver, ours) in [("Diesel async", 0, 1), ("SeaORM", 2, 3)] {
        let [allocations, bytes, nanoseconds] = own_cost(&costs, ours, driver);
        let driver = least(&costs[driver]);
        let values = [(allocations, 1), (bytes, 0), (nanoseconds / 1e3, 1), (driver / 1e3, 1)];
        table.row(name, values.map(|(number, decimals)| Value::number(number, decimals)));
    }
    table
}

/// `verify` alone: what a claim takes to be made is taken away.
fn verify(runtime: &Runtime, rounds: usize) -> Table {
    let registry = StaticRegistry::new([TenantRecord::new(7, "acme").name("Acme Inc.")]);
    let cached = CachedRegistry::new(registry.member(7, "alice"));
    let user = || TenantScope::claim(7, Principal::User("alice".to_owned()));
    let token = || TenantScope::claim(7, Principal::Token);
    // Many at a time: the clock is not that fine.
    let many = 100_u32;
    let costs = measure(
        rounds,
        &mut [
            (
                "a user's claim",
                Box::new(|| (0..many).for_each(|_| drop(std::hint::black_box(user())))),
            ),
            (
                "verified",
                Box::new(|| {
                    runtime.block_on(async {
                        for _ in 0..many {
                            std::hint::black_box(user().verify(&cached).await.unwrap());
                        }
                    });
                }),
            ),
            (
                "a token's claim",
                Box::new(|| (0..many).for_each(|_| drop(std::hint::black_box(token())))),
            ),
            (
                "verified",
                Box::new(|| {
                    runtime.block_on(async {
                        for _ in 0..many {
                            std::hint::black_box(token().verify(&cached).await.unwrap());
                        }
                    });
                }),
            ),
        ],
    );
    let mut table =
        Table::new("`verify`, cached", "", &["allocations", "bytes", "ns on a processor"]);
    for (name, claim, verified) in
        [("a user: tenant and membership", 0, 1), ("a token: tenant", 2, 3)]
    {
        let values = own_cost(&costs, verified, claim).map(|cost| cost / f64::from(many));
        let values = values.into_iter().zip([1, 0, 0]);
        table.row(name, values.map(|(number, decimals)| Value::number(number, decimals)));
    }
    table
}

fn main() {
    let rounds = argument("rounds").unwrap_or(200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shop = runtime.block_on(Shop::open(Walls::Ours));
    let session = shop.database.session();
    let results = Results::new("own_code", "Our own code", ABOUT, session);
    let mut results = runtime.block_on(results);
    results.tables.push(begin_and_commit(&runtime, &shop, rounds));
    results.tables.push(verify(&runtime, rounds));
    results.finish();
}

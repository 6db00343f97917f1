//! Fifty connections that ask, through the load generator `rlt`: it runs them, warms up, and tells rate
//! and latencies. Each answer is judged.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use rlt::{BenchSuite, IterInfo, IterReport, Status, cli::BenchCli};
use serde_json::Value;
use tempfile::NamedTempFile;
use tenant_examples::client::Client;

use crate::{asking::Ask, books::Books, hang_up::hang_up};

pub(crate) const CONNECTIONS: u32 = 50;

#[derive(Clone)]
pub(crate) struct Load {
    books: Arc<Books>,
    at: String,
    /// A signed-in user of each tenant.
    pub(crate) users: Arc<Vec<Client>>,
    /// Whether another tenant's customer is refused.
    keys: bool,
    /// Of a hundred requests, before how many a client hangs up another one.
    hang_ups: u8,
}

pub(crate) struct Worker {
    /// One connection, in turn for users of all tenants.
    connection: Client,
    rng: fastrand::Rng,
    /// How long the last answer took.
    took: Duration,
}

/// When the generator ends.
pub(crate) enum Until {
    Requests(u64),
    /// After a warm-up.
    Seconds(u64),
}

/// What the generator tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) median: f64,
    pub(crate) p99: f64,
}

impl Load {
    pub(crate) async fn new(books: &Arc<Books>, at: &str, keys: bool, hang_ups: u8) -> Self {
        let mut users = Vec::new();
        for tenant in &books.tenants {
            let user = Client::sign_in(at, "/login", &tenant.user, &tenant.password);
            users.push(user.await.unwrap());
        }
        let (books, at, users) = (Arc::clone(books), at.to_owned(), Arc::new(users));
        Self { books, at, users, keys, hang_ups }
    }

    pub(crate) fn hanging_up(&self, hang_ups: u8) -> Self {
        Self { hang_ups, ..self.clone() }
    }

    pub(crate) async fn run(self, until: Until) -> Told {
        let file = NamedTempFile::new().unwrap();
        let path = file.path().to_string_lossy();
        let mut arguments = vec!["load", "--quiet", "--output", "json", "--output-file", &path];
        let connections = CONNECTIONS.to_string();
        arguments.extend(["--concurrency", &connections]);
        let number;
        match until {
            Until::Requests(requests) => {
                number = requests.to_string();
                arguments.extend(["--iterations", &number]);
            }
            Until::Seconds(seconds) => {
                number = format!("{seconds}s");
                arguments.extend(["--warmup", "500", "--duration", &number]);
            }
        }
        rlt::cli::run(BenchCli::try_parse_from(arguments).unwrap(), self).await.unwrap();
        let told: Value = serde_json::from_reader(file.reopen().unwrap()).unwrap();
        let number = |at: &str| told.pointer(at).and_then(Value::as_f64).unwrap();
        Told {
            rate: number("/summary/iters/rate"),
            median: number("/latency/percentiles/p50") * 1e3,
            p99: number("/latency/percentiles/p99") * 1e3,
        }
    }
}

#[async_trait::async_trait]
impl BenchSuite for Load {
    type WorkerState = Worker;

    async fn state(&self, worker: u32) -> anyhow::Result<Worker> {
        let rng = fastrand::Rng::with_seed(u64::from(worker));
        Ok(Worker { connection: Client::new(&self.at), rng, took: Duration::ZERO })
    }

    async fn bench(&mut self, worker: &mut Worker, _: &IterInfo) -> anyhow::Result<IterReport> {
        let (books, rng) = (&self.books, &mut worker.rng);
        if rng.u8(0..100) < self.hang_ups {
            let tenant = rng.usize(0..books.tenants.len());
            let ask = Ask::next(books, tenant, rng, self.keys);
            let user = self.users[tenant].pretend(&worker.connection);
            hang_up(books, &user, tenant, &ask, worker.took, rng).await;
        }
        let tenant = rng.usize(0..books.tenants.len());
        let mark = books.mark(tenant);
        let ask = Ask::next(books, tenant, rng, self.keys);
        let (method, path, body) = ask.request();
        let user = self.users[tenant].pretend(&worker.connection);
        let began = Instant::now();
        let answer = user.send(method, &path, body).await;
        let duration = began.elapsed();
        worker.took = duration;
        let status = match answer {
            Ok(answer) => {
                let status = i64::from(answer.0);
                ask.judge(books, tenant, mark, answer);
                Status::success(status)
            }
            Err(why) => {
                books.wrong(format!("no answer: {why}"));
                Status::error(0)
            }
        };
        Ok(IterReport { duration, status, bytes: 0, items: 1 })
    }
}

//! How many requests a second, beside the same service without isolation.

use std::{sync::Arc, time::Duration};

use tenant_core::SqlSession;
use tenant_examples::chinook::Chinook;

use crate::{
    afterwards,
    books::Books,
    cpu,
    generator::{Load, Told, Until},
    isolated,
    service::{Orm, Service},
    twins::before,
};

const ROUNDS: usize = 9;
const SECONDS: u64 = 5;

/// A service, and how it did in each round.
struct Variant {
    name: &'static str,
    service: Service,
    books: Arc<Books>,
    load: Load,
    steady: Vec<Round>,
    hung_up: Vec<Round>,
}

struct Round {
    told: Told,
    /// Microseconds of a processor for a request, the warm-up's too.
    service: f64,
    server: f64,
}

impl Variant {
    async fn new(name: &'static str, service: Service, books: &Arc<Books>) -> Self {
        let (load, books) = (Load::new(books, &service.at, false, 0).await, Arc::clone(books));
        Self { name, service, books, load, steady: Vec::new(), hung_up: Vec::new() }
    }

    async fn round(&self, postmaster: u32, hang_ups: u8) -> Round {
        let now = || {
            let service = cpu::of_process(self.service.process);
            (self.books.answered(), service, cpu::of_server(postmaster))
        };
        let (requests, service, server) = now();
        let told = self.load.hanging_up(hang_ups).run(Until::Seconds(SECONDS)).await;
        let (requests_now, service_now, server_now) = now();
        #[allow(clippy::cast_precision_loss)]
        let each = 1e6 / (requests_now - requests) as f64;
        Round {
            told,
            service: service_now.saturating_sub(service).as_secs_f64() * each,
            server: server_now.saturating_sub(server).as_secs_f64() * each,
        }
    }
}

/// The variants take turns within each round, so that whatever else the machine does hits them alike.
pub(crate) async fn measure() {
    for orm in [Orm::SeaOrm, Orm::Diesel] {
        // A database for each, so that each has the rows of its own rounds.
        let bare = Chinook::create_bare().await.unwrap();
        let (passed, walled) = (isolated::shop().await, isolated::shop().await);
        let shops = [&bare, &passed, &walled];
        let mut books = Vec::new();
        for shop in shops {
            shop.database.session().batch("VACUUM ANALYZE").await.unwrap();
            books.push(Arc::new(Books::open(shop, Duration::from_secs(1)).await));
        }
        let plain = |shop: &Chinook| before(&shop.database.superuser_url(), orm, &[]);
        let mut variants = [
            Variant::new("without", plain(&bare), &books[0]).await,
            Variant::new("without, past the walls", plain(&passed), &books[1]).await,
            Variant::new("isolated", isolated::service(&walled, orm), &books[2]).await,
        ];
        let postmaster = cpu::postmaster(&walled).await;
        for round in 0..ROUNDS {
            for turn in 0..variants.len() {
                let at = (round + turn) % variants.len();
                let variant = &mut variants[at];
                let round = variant.round(postmaster, 0).await;
                variant.steady.push(round);
                let round = variant.round(postmaster, 10).await;
                variant.hung_up.push(round);
            }
        }
        for (books, shop) in books.iter().zip(shops) {
            afterwards::rows(books, shop).await;
            books.clean();
        }
        println!("\n{}, PostgreSQL {}:\n", orm.name(), walled.database.server().version());
        print("steady", &variants, |variant| &variant.steady);
        print("one in eleven hangs up", &variants, |variant| &variant.hung_up);
    }
}

fn print(what: &str, variants: &[Variant], of: impl Fn(&Variant) -> &Vec<Round>) {
    println!(
        "| {what} | requests/s | least to most | ratio | median, ms | p99, ms \
         | service, µs | PostgreSQL, µs |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let rate = |variant| middle(of(variant), |round| round.told.rate);
    let first = variants.first().map_or(0.0, rate);
    for variant in variants {
        let rounds = of(variant);
        let rates = || rounds.iter().map(|round| round.told.rate);
        println!(
            "| {} | {:.0} | {:.0} to {:.0} | {:.2} | {:.1} | {:.1} | {:.0} | {:.0} |",
            variant.name,
            rate(variant),
            rates().fold(f64::INFINITY, f64::min),
            rates().fold(0.0, f64::max),
            rate(variant) / first,
            middle(rounds, |round| round.told.median),
            middle(rounds, |round| round.told.p99),
            middle(rounds, |round| round.service),
            middle(rounds, |round| round.server),
        );
    }
    println!();
}

/// The median of the rounds.
fn middle(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

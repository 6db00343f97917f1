//! What each wall costs per transaction and per query: none, the role, row security, the seal.
//!
//! `cargo bench --bench walls`, or with `-- --rounds 1000` for more than the default 200.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use tenant_benches::{Samples, print};
use tenant_core::{
    Binding, Isolation, Layout, Principal, Seal, SealKey, SealKeys, SqlSession, StaticRegistry,
    TableName, Tenancy, TenantKey, TenantRecord, TenantScope, TransactionOptions, Verified,
    adapter::{Opening, OpeningOptions},
};
use tenant_testkit::TestDatabase;
use tokio_postgres::{Client, NoTls, Statement};

const TENANTS: i64 = 100;
const ROWS: i64 = 100_000;

/// How a transaction is opened, and what stands around its rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walls {
    None,
    Role,
    Rows,
    Seal,
    Guard,
}

const VARIANTS: [(Walls, &str); 5] = [
    (Walls::None, "none: `BEGIN`, `WHERE tenant_id = …`"),
    (Walls::Role, "role: `SET LOCAL ROLE`, search path, `WHERE tenant_id = …`"),
    (Walls::Rows, "role and row security, bound by `SET LOCAL`"),
    (Walls::Seal, "role, row security and the seal"),
    (Walls::Guard, "role, row security and the seal, kept by the server"),
];

struct Variant {
    walls: Walls,
    /// Keeps it.
    database: TestDatabase,
    client: Client,
    opening: Opening,
    role: String,
    by_id: Statement,
    newest: Statement,
}

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("invoices"), None)
}

impl Variant {
    async fn open(walls: Walls) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let session = database.session();
        session
            .batch(
                "CREATE TABLE invoices (id bigserial PRIMARY KEY, amount int NOT NULL, note text)",
            )
            .await
            .unwrap();
        let mut layout = Layout::new(database.name()).unwrap();
        let mut options = OpeningOptions::default();
        let key = SealKey::new("k1", vec![7; 32]).unwrap();
        let sealed = match walls {
            Walls::Seal => Some(Binding::Sealed),
            Walls::Guard => Some(Binding::Guarded),
            _ => None,
        };
        if let Some(binding) = sealed {
            layout = layout.binding(binding);
            options.seal(Seal::new(key.clone()));
        }
        database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
        session
            .batch(&format!(
                "INSERT INTO invoices (tenant_id, amount, note)
                 SELECT 1 + n % {TENANTS}, n, 'note' FROM generate_series(1, {ROWS}) n;
                 CREATE INDEX ON invoices (tenant_id, id);
                 ANALYZE invoices"
            ))
            .await
            .unwrap();
        let name = database.name().to_owned();
        if matches!(walls, Walls::None | Walls::Role) {
            session
                .batch(&format!(
                    "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY;
                     ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
                     GRANT SELECT ON invoices TO {name}_login"
                ))
                .await
                .unwrap();
        }
        if sealed.is_some() {
            SealKeys::new(session).add(&key).await.unwrap();
        }
        let url = database.url(&format!("{name}_login"));
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let filter = match walls {
            Walls::None | Walls::Role => "tenant_id = 7 AND ",
            Walls::Rows | Walls::Seal | Walls::Guard => "",
        };
        let by_id = format!("SELECT amount FROM public.invoices WHERE {filter}id = $1");
        let newest = format!(
            "SELECT id, amount FROM public.invoices WHERE {filter}amount > $1 ORDER BY id DESC LIMIT 50"
        );
        // As the login, which may not read it, a statement is parsed, not run.
        let (by_id, newest) = (client.prepare(&by_id), client.prepare(&newest));
        let (by_id, newest) = (by_id.await.unwrap(), newest.await.unwrap());
        let opening = Opening::new(&layout, TenantKey::Bigint, &options).unwrap().counted(false);
        let role = format!("{name}_tenant");
        Self { walls, database, client, opening, role, by_id, newest }
    }

    fn begin(&self, scope: &TenantScope<Verified>) -> String {
        match self.walls {
            Walls::None => "BEGIN".to_owned(),
            Walls::Role => format!(
                "BEGIN; SET LOCAL ROLE {}; SET LOCAL search_path = public, pg_temp",
                self.role
            ),
            Walls::Rows | Walls::Seal | Walls::Guard => {
                self.opening.tenant(scope, TransactionOptions::default()).unwrap()
            }
        }
    }
}

async fn scope() -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(7, "seven")]);
    TenantScope::claim(7, Principal::Token).verify(&registry).await.unwrap()
}

#[tokio::main]
async fn main() {
    let rounds = rounds();
    let scope = scope().await;
    let mut variants = Vec::new();
    for (walls, name) in VARIANTS {
        variants.push((name, Variant::open(walls).await));
    }
    let mut empty = vec![Samples::default(); variants.len()];
    let mut by_id = empty.clone();
    let mut newest = empty.clone();
    for round in 0..rounds + 10 {
        for (at, (_, variant)) in variants.iter().enumerate() {
            let client = &variant.client;
            // The first ones warm the caches.
            let counts = round >= 10;
            let started = Instant::now();
            client.batch_execute(&variant.begin(&scope)).await.unwrap();
            client.batch_execute("COMMIT").await.unwrap();
            if counts {
                empty[at].push(started.elapsed());
            }
            client.batch_execute(&variant.begin(&scope)).await.unwrap();
            let started = Instant::now();
            let rows = client.query(&variant.by_id, &[&106_i64]).await.unwrap();
            assert_eq!(rows.len(), 1);
            if counts {
                by_id[at].push(started.elapsed());
            }
            let started = Instant::now();
            let rows = client.query(&variant.newest, &[&0_i32]).await.unwrap();
            assert_eq!(rows.len(), 50);
            if counts {
                newest[at].push(started.elapsed());
            }
            client.batch_execute("COMMIT").await.unwrap();
        }
    }
    println!(
        "PostgreSQL {}, {rounds} rounds, variants taking turns",
        variants[0].1.database.server().version()
    );
    let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
    for (title, samples) in [
        ("An empty transaction: begin and commit", empty),
        ("A query by primary key, in an open transaction", by_id),
        ("The newest 50 rows, in an open transaction", newest),
    ] {
        let rows: Vec<(&str, Samples)> = names.iter().copied().zip(samples).collect();
        print(title, &rows);
    }
}

/// `--rounds N`; cargo adds `--bench`, which is nothing to us.
fn rounds() -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--rounds").skip(1);
    arguments.next().and_then(|n| n.parse().ok()).unwrap_or(200)
}

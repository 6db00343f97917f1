//! A shop's database in the four shapes that are compared, each with the same tables, rows and login.

use tenant_core::{
    Binding, Isolation, Layout, Principal, Seal, SealKey, SealKeys, SqlSession, StaticRegistry,
    TenantRecord, TenantScope, Verified,
};
use tenant_testkit::{Proxy, TestDatabase};

/// How many tenants have rows.
pub const TENANTS: i64 = 100;

/// How many rows there are; tenant 1 + i % [`TENANTS`] has the one with the id i.
pub const ROWS: i64 = 100_000;

/// The tables as Diesel sees them.
pub mod schema {
    #![allow(missing_docs, clippy::missing_errors_doc)] // what Diesel's macro makes

    diesel::table! { plans (id) { id -> Int4, name -> Text, } }
    diesel::table! { invoices (id) { id -> Int8, tenant_id -> Int8, amount -> Int4, } }

    tenant_diesel::tenancy! {
        pub static TENANCY;
        key bigint;
        tenant { invoices }
        shared { plans }
    }
}

/// The tables as SeaORM sees them.
pub mod entity {
    #![allow(missing_docs, missing_debug_implementations)] // what SeaORM's macro makes

    pub mod plans {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "plans")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }

    pub mod invoices {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "invoices")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i64,
            pub tenant_id: i64,
            pub amount: i32,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }

    tenant_seaorm::tenancy! {
        pub static TENANCY;
        key bigint;
        tenant { invoices }
        shared { plans }
    }
}

/// What keeps the tenants apart in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walls {
    /// Nothing: each query says `WHERE tenant_id = …`.
    None,
    /// Row security as one writes it by hand, with a setting.
    ByHand,
    /// Ours, with roles.
    Ours,
    /// Ours, with roles and the seal.
    Sealed,
}

/// One database.
#[derive(Debug)]
pub struct Shop {
    /// Keeps it.
    pub database: TestDatabase,
}

impl Shop {
    /// Makes and fills it.
    pub async fn open(walls: Walls) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let session = database.session();
        let tables = "CREATE TABLE plans (id int PRIMARY KEY, name text NOT NULL);
             INSERT INTO plans VALUES (1, 'free'), (2, 'pro');
             CREATE TABLE invoices (id bigint PRIMARY KEY, tenant_id bigint NOT NULL, amount int NOT NULL);";
        session.batch(tables).await.unwrap();
        let name = database.name().to_owned();
        let login = format!("{name}_login");
        match walls {
            Walls::None => {}
            Walls::ByHand => {
                let by_hand = "ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
                     ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
                     CREATE POLICY tenants ON invoices USING
                       (tenant_id = (SELECT current_setting('app.current_tenant_id')::bigint))";
                session.batch(by_hand).await.unwrap();
            }
            Walls::Ours | Walls::Sealed => {
                let layout = layout(&name, walls);
                let isolation = Isolation::new(&schema::TENANCY, &layout).unwrap();
                database.install(&isolation).await.unwrap();
            }
        }
        if matches!(walls, Walls::None | Walls::ByHand) {
            let grants = format!(
                "CREATE ROLE {login} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON plans, invoices TO {login}"
            );
            session.batch(&grants).await.unwrap();
        }
        if walls == Walls::Sealed {
            SealKeys::new(session).add(&key()).await.unwrap();
        }
        let rows = format!(
            "INSERT INTO invoices (id, tenant_id, amount)
               SELECT n, 1 + n % {TENANTS}, n FROM generate_series(1, {ROWS}) n;
             CREATE INDEX IF NOT EXISTS by_tenant ON invoices (tenant_id, id)"
        );
        session.batch(&rows).await.unwrap();
        session.batch("VACUUM ANALYZE invoices").await.unwrap();
        Self { database }
    }

    /// The application's login.
    pub fn login(&self) -> String {
        format!("{}_login", self.database.name())
    }
}

fn layout(database: &str, walls: Walls) -> Layout {
    let layout = Layout::new(database).unwrap();
    if walls == Walls::Sealed { layout.binding(Binding::Guarded) } else { layout }
}

fn key() -> SealKey {
    SealKey::new("k1", vec![7; 32]).unwrap()
}

/// What seals the transactions of the sealed database.
pub fn seal() -> Seal {
    Seal::new(key())
}

/// The layout of the sealed database of this name.
pub fn sealed_layout(database: &str) -> Layout {
    layout(database, Walls::Sealed)
}

/// All four.
#[derive(Debug)]
pub struct Shops {
    /// Nothing keeps the tenants apart.
    pub none: Shop,
    /// Row security by hand.
    pub by_hand: Shop,
    /// Ours.
    pub ours: Shop,
    /// Ours, sealed.
    pub sealed: Shop,
}

impl Shops {
    /// Makes and fills them.
    pub async fn open() -> Self {
        Self {
            none: Shop::open(Walls::None).await,
            by_hand: Shop::open(Walls::ByHand).await,
            ours: Shop::open(Walls::Ours).await,
            sealed: Shop::open(Walls::Sealed).await,
        }
    }

    fn each(&self) -> [&Shop; 4] {
        [&self.none, &self.by_hand, &self.ours, &self.sealed]
    }

    /// Where their logins connect, straight.
    pub fn addresses(&self) -> Addresses {
        Addresses::from(self.each().map(|shop| shop.database.url(&shop.login())))
    }

    /// Where they connect through proxies, which count and delay.
    pub async fn proxied(&self) -> (Addresses, Wire) {
        let mut wire = Wire { proxies: Vec::new() };
        let mut addresses = Vec::new();
        for shop in self.each() {
            let proxy = shop.database.proxy().await.unwrap();
            addresses.push(proxy.url(&shop.login()));
            wire.proxies.push(proxy);
        }
        (Addresses::from(<[String; 4]>::try_from(addresses).unwrap()), wire)
    }
}

/// Where the four databases are.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// See [`Shops`], also for the others.
    pub none: String,
    /// By hand.
    pub by_hand: String,
    /// Ours.
    pub ours: String,
    /// Ours, sealed.
    pub sealed: String,
}

impl From<[String; 4]> for Addresses {
    fn from([none, by_hand, ours, sealed]: [String; 4]) -> Self {
        Self { none, by_hand, ours, sealed }
    }
}

/// The way to all four.
#[derive(Debug)]
pub struct Wire {
    proxies: Vec<Proxy>,
}

impl Wire {
    /// Starts counting anew.
    pub fn reset(&self) {
        self.proxies.iter().for_each(Proxy::reset);
    }

    /// How many round trips there were, to whichever database.
    pub fn round_trips(&self) -> usize {
        self.proxies.iter().map(Proxy::round_trips).sum()
    }

    /// What they said.
    pub fn messages(&self) -> Vec<String> {
        self.proxies.iter().flat_map(Proxy::messages).collect()
    }

    /// Adds so much to each round trip.
    pub fn set_delay(&self, delay: std::time::Duration) {
        self.proxies.iter().for_each(|proxy| proxy.set_delay(delay));
    }

    /// Waits until nothing more comes: what pools send behind a call is told by nobody.
    pub async fn quiet(&self) {
        let mut before = usize::MAX;
        while before != self.round_trips() {
            before = self.round_trips();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Waits until there were so many round trips, to one of the databases.
    pub async fn reached(&self, round_trips: usize) {
        let each = self.proxies.iter().map(|proxy| Box::pin(proxy.reached(round_trips)));
        futures_util::future::select_all(each).await;
    }
}

/// A verified scope for each tenant.
pub async fn scopes() -> Vec<TenantScope<Verified>> {
    let records = (1..=TENANTS).map(|id| TenantRecord::new(id, format!("tenant-{id}")));
    let mut registry = StaticRegistry::new(records);
    for id in 1..=TENANTS {
        registry = registry.member(id, "alice");
    }
    let mut scopes = Vec::new();
    for id in 1..=TENANTS {
        let claim = TenantScope::claim(id, Principal::User("alice".to_owned()));
        scopes.push(claim.verify(&registry).await.unwrap());
    }
    scopes
}

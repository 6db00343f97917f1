//! The ways to run one query of one tenant that are compared.

mod blocking;
mod diesel;
mod seaorm;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use futures_util::future::BoxFuture;
use tenant_core::{TenantScope, Verified};

use crate::shop::{Addresses, ROWS, TENANTS, scopes};

/// The setting that patterns by hand have the tenant in.
const SETTING: &str = "app.current_tenant_id";

/// Whose queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// diesel-async over deadpool.
    Diesel,
    /// Sync Diesel over r2d2.
    Blocking,
    /// SeaORM over sqlx.
    SeaOrm,
}

impl Stack {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Diesel, Self::Blocking, Self::SeaOrm];

    /// What it is called in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diesel => "Diesel async",
            Self::Blocking => "Diesel sync",
            Self::SeaOrm => "SeaORM",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The ORM's own transaction, no tenant, `WHERE tenant_id = …`. Its pool sends no pings.
    Plain,
    /// The same, and the pool is as it comes.
    PlainAsItComes,
    /// The ORM's own, nested.
    PlainNested,
    /// The ORM's own, without a query.
    PlainEmpty,
    /// `BEGIN`, `set_config` with a parameter and prepared, the query, `COMMIT`.
    ByHand,
    /// What the crates for sqlx do: set at checkout, reset at release, no transaction.
    AtCheckout,
    /// `begin`, the query, `commit`.
    Ours,
    /// The same with the seal.
    OursSealed,
    /// `begin_deferred`, the query, `commit`.
    Deferred,
    /// The same with the seal.
    DeferredSealed,
    /// `read`.
    Read,
    /// The same with the seal.
    ReadSealed,
    /// A nested transaction inside of one.
    OursNested,
    /// A query on a shared handle.
    OursShared,
    /// `begin` and `commit`.
    OursEmpty,
    /// `begin_deferred` and `commit`.
    DeferredEmpty,
}

impl Way {
    /// What it is called in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "the ORM's own transaction",
            Self::PlainAsItComes => "the same, the pool as it comes",
            Self::PlainNested => "the ORM's own, nested",
            Self::PlainEmpty => "the ORM's own, empty",
            Self::ByHand => "by hand: `BEGIN`, `set_config`, query, `COMMIT`",
            Self::AtCheckout => "set at checkout, reset at release",
            Self::Ours => "`begin`, query, `commit`",
            Self::OursSealed => "the same, sealed",
            Self::Deferred => "`begin_deferred`, query, `commit`",
            Self::DeferredSealed => "`begin_deferred`, sealed",
            Self::Read => "`read`",
            Self::ReadSealed => "`read`, sealed",
            Self::OursNested => "`begin`, nested, query, `commit`",
            Self::OursShared => "`shared`, query, `commit`",
            Self::OursEmpty => "`begin`, `commit`",
            Self::DeferredEmpty => "`begin_deferred`, `commit`",
        }
    }
}

/// Which tenant's row is asked for.
#[derive(Debug)]
pub struct Call {
    scope: TenantScope<Verified>,
    tenant: i64,
    id: i64,
}

type Run = Arc<dyn Fn(Call) -> BoxFuture<'static, ()> + Send + Sync>;

/// One way in one stack.
#[derive(Clone)]
pub struct Mode {
    /// Whose.
    pub stack: Stack,
    /// How.
    pub way: Way,
    /// How many round trips the caller waits for, once statements are cached.
    pub trips: usize,
    /// How many come behind them that nobody waits for.
    pub behind: usize,
    run: Run,
    calls: Arc<Calls>,
}

struct Calls {
    scopes: Vec<TenantScope<Verified>>,
    next: AtomicI64,
}

impl Mode {
    /// Runs it once, for another tenant each time; it is checked that the row came.
    pub async fn run(&self) {
        // A large prime, so that rows come in no order.
        let id = 1 + self.calls.next.fetch_add(1, Ordering::Relaxed) * 7919 % ROWS;
        let tenant = 1 + id % TENANTS;
        let scope = self.calls.scopes[usize::try_from(tenant - 1).unwrap()].clone();
        (self.run)(Call { scope, tenant, id }).await;
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stack.name(), self.way.name())
    }
}

/// All modes, with pools of this size each.
pub async fn modes(at: &Addresses, size: u32) -> Vec<Mode> {
    let calls = Calls { scopes: scopes().await, next: AtomicI64::new(0) };
    let mut adding = Adding { calls: Arc::new(calls), modes: Vec::new() };
    diesel::add(&mut adding, at, size).await;
    blocking::add(&mut adding, at, size);
    seaorm::add(&mut adding, at, size).await;
    adding.modes
}

struct Adding {
    calls: Arc<Calls>,
    modes: Vec<Mode>,
}

impl Adding {
    /// `trips` are those that somebody waits for, and those that nobody does.
    fn add<P, F, R>(
        &mut self,
        (stack, way): (Stack, Way),
        (trips, behind): (usize, usize),
        pool: &P,
        run: F,
    ) where
        P: Clone + Send + Sync + 'static,
        F: Fn(P, Call) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let pool = pool.clone();
        let run: Run = Arc::new(move |call| Box::pin(run(pool.clone(), call)));
        let calls = self.calls.clone();
        self.modes.push(Mode { stack, way, trips, behind, run, calls });
    }
}

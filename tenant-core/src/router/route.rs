use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Mutex as AsyncMutex;

use crate::Error;

/// One database's pool, as far as the router goes.
pub trait Routed: Send + Sync {
    /// The adapter's own.
    type Error: From<Error> + fmt::Display;

    /// Whether nobody has a connection of it.
    fn is_idle(&self) -> bool;

    /// Whether the database could not be reached.
    fn is_unreachable(error: &Self::Error) -> bool;

    /// Whether it is the caller who came at a bad time, which says nothing of the database.
    fn is_busy(error: &Self::Error) -> bool;
}

/// The way to one database.
pub(super) struct Route<P> {
    /// Held by whoever opens it.
    pub(super) opening: AsyncMutex<()>,
    state: Mutex<State<P>>,
}

pub(super) struct State<P> {
    pub(super) used: Instant,
    pub(super) pool: Option<Arc<P>>,
    down: Option<Down>,
}

/// A database that could not be reached.
struct Down {
    why: Arc<str>,
    since: Instant,
    /// For how long nobody tries.
    pause: Duration,
}

/// What a call to a database does next.
pub(super) enum Next<P> {
    /// It uses this.
    Use(Arc<P>),
    /// It opens the pool; whether it does so to see if the database is back.
    Open { tries: bool },
    /// It is told why nobody tries.
    Fail(Arc<str>),
}

impl<P> Route<P> {
    pub(super) fn new() -> Self {
        let state = State { used: Instant::now(), pool: None, down: None };
        Self { opening: AsyncMutex::new(()), state: Mutex::new(state) }
    }

    /// Nothing panics while it is locked.
    pub(super) fn state(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> State<P> {
    pub(super) fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Of a database that is down one call tries, and has `patience` for that before another may.
    pub(super) fn next(&mut self, patience: Duration) -> Next<P> {
        self.used = Instant::now();
        let mut tries = false;
        if let Some(down) = &mut self.down {
            if down.since.elapsed() < down.pause {
                return Next::Fail(down.why.clone());
            }
            (down.since, down.pause) = (Instant::now(), patience);
            tries = true;
        }
        self.pool.clone().map_or(Next::Open { tries }, Next::Use)
    }

    /// The same for whoever waited while somebody else opened.
    pub(super) fn next_after_waiting(&self, tries: bool) -> Next<P> {
        match (&self.pool, &self.down) {
            (Some(pool), _) => Next::Use(pool.clone()),
            (None, Some(down)) if !tries => Next::Fail(down.why.clone()),
            (None, _) => Next::Open { tries },
        }
    }

    /// Its pool is gone, too: the next one is opened with what the provider says by then.
    pub(super) fn failed(&mut self, why: &str, pause: Duration) -> Option<Arc<P>> {
        self.down = Some(Down { why: why.into(), since: Instant::now(), pause });
        self.pool.take()
    }

    pub(super) fn reached(&mut self) {
        self.down = None;
    }
}

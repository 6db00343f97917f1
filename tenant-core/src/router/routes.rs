use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    Databases, Member, Routed, RouterMetrics,
    connections::{Connections, in_line},
    route::{Next, Route},
};
use crate::{DatabaseAddress, Error};

/// Knows the pools of many databases: opens one when it is first needed, closes the one that was used
/// least recently when there are too many, and tells at once of a database that is down. For the
/// adapters; `P` is theirs.
pub struct Router<P> {
    databases: Databases,
    connections: Arc<Connections>,
    rooms: Arc<Semaphore>,
    /// How many wait for one and found no pool to close.
    starved: AtomicUsize,
    routes: Mutex<HashMap<String, Arc<Route<P>>>>,
    opened: AtomicU64,
    evicted: AtomicU64,
    unreachable: AtomicU64,
    told_at_once: AtomicU64,
}

impl<P: Routed> Router<P> {
    /// No pool is open yet.
    pub fn new(databases: Databases) -> Self {
        Self {
            connections: Connections::new(databases.max_connections),
            rooms: Arc::new(Semaphore::new(databases.max_pools)),
            starved: AtomicUsize::new(0),
            databases,
            routes: Mutex::default(),
            opened: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            unreachable: AtomicU64::new(0),
            told_at_once: AtomicU64::new(0),
        }
    }

    /// For the pool that is always open.
    pub fn member(&self) -> Member {
        self.connections.member(self.databases.connect_timeout, None)
    }

    /// The pool of this database. If there is none, `open` opens it, for one caller at a time; those
    /// who wait for that, or for a place among the pools, do so for as long as `wait`.
    ///
    /// # Errors
    /// [`Error::UnknownDatabase`], [`Error::DatabaseDown`], [`Error::Provider`],
    /// [`Error::PoolNotOpened`]; what `open` says.
    ///
    /// # Cancellation
    /// Dropped while it opens, nothing stays open, and the next caller opens.
    pub async fn pool<F>(
        &self,
        name: &str,
        wait: Duration,
        open: impl FnOnce(DatabaseAddress, Member) -> F,
    ) -> Result<Arc<P>, P::Error>
    where
        F: Future<Output = Result<P, P::Error>>,
    {
        let route = self.route(name);
        let patience = self.databases.connect_timeout.saturating_add(self.databases.retry_after);
        let next = route.state().next(patience);
        let tries = match next {
            Next::Use(pool) => return Ok(pool),
            Next::Fail(why) => return Err(self.told(name, &why)),
            Next::Open { tries } => tries,
        };
        let started = Instant::now();
        let late = || Error::PoolNotOpened {
            database: name.to_owned(),
            max: self.databases.max_pools,
            waited: started.elapsed(),
        };
        let opening = timeout(wait, route.opening.lock()).await;
        let _opening = opening.map_err(|_| late())?;
        let next = route.state().next_after_waiting(tries);
        match next {
            Next::Use(pool) => return Ok(pool),
            Next::Fail(why) => return Err(self.told(name, &why)),
            Next::Open { .. } => {}
        }
        let way = timeout(wait.saturating_sub(started.elapsed()), self.way(name)).await;
        let (address, room) = match way {
            Ok(way) => way.inspect_err(|error| {
                if matches!(error, Error::Provider { .. }) {
                    self.failed(name, &error.to_string());
                }
            })?,
            Err(_) => return Err(late().into()),
        };
        let member = self.connections.member(self.databases.connect_timeout, Some(room));
        match open(address, member).await {
            Ok(opened) => {
                let opened = Arc::new(opened);
                self.opened.fetch_add(1, SeqCst);
                {
                    let mut state = route.state();
                    state.reached();
                    (state.pool, state.used) = (Some(opened.clone()), Instant::now());
                }
                if self.fed() {
                    self.evict();
                }
                Ok(opened)
            }
            Err(error) => {
                if !P::is_busy(&error) {
                    self.failed(name, &error.to_string());
                }
                Err(error)
            }
        }
    }

    /// What became of a call to this database.
    pub fn tell<T>(&self, name: &str, result: &Result<T, P::Error>) {
        match result {
            Ok(_) => {
                if let Some(route) = lock(&self.routes).get(name) {
                    route.state().reached();
                }
            }
            Err(error) if P::is_unreachable(error) => self.failed(name, &error.to_string()),
            Err(_) => {}
        }
    }

    /// How many there are of what.
    pub fn metrics(&self) -> RouterMetrics {
        let down = lock(&self.routes).values().filter(|route| route.state().is_down()).count();
        RouterMetrics {
            pools: self.databases.max_pools - self.rooms.available_permits(),
            max_pools: self.databases.max_pools,
            connections: self.connections.open(),
            lent: self.connections.lent(),
            max_connections: self.connections.max(),
            opened: self.opened.load(SeqCst),
            evicted: self.evicted.load(SeqCst),
            closed_for_others: self.connections.closed_for_others(),
            unreachable: self.unreachable.load(SeqCst),
            told_at_once: self.told_at_once.load(SeqCst),
            down,
        }
    }

    /// Forgets all pools, and says which there were. One that is being opened serves who opens it.
    pub fn take_all(&self) -> Vec<Arc<P>> {
        let routes: Vec<_> = lock(&self.routes).drain().map(|(_, route)| route).collect();
        routes.iter().filter_map(|route| route.state().pool.take()).collect()
    }

    fn route(&self, name: &str) -> Arc<Route<P>> {
        let mut routes = lock(&self.routes);
        match routes.get(name) {
            Some(route) => route.clone(),
            None => routes.entry(name.to_owned()).or_insert_with(|| Arc::new(Route::new())).clone(),
        }
    }

    /// For a while the database's tenants are told so at once.
    fn failed(&self, name: &str, why: &str) {
        let Some(route) = lock(&self.routes).get(name).cloned() else { return };
        self.unreachable.fetch_add(1, SeqCst);
        // Its connections close when no lock is held.
        let pool = route.state().failed(why, self.databases.retry_after);
        drop(pool);
        tracing::warn!(target: "tenant", database = name, why, "a database cannot be reached");
    }

    fn told(&self, name: &str, why: &str) -> P::Error {
        self.told_at_once.fetch_add(1, SeqCst);
        Error::DatabaseDown { database: name.to_owned(), why: why.to_owned() }.into()
    }

    /// Where the database is, and a place for its pool.
    async fn way(&self, name: &str) -> Result<(DatabaseAddress, OwnedSemaphorePermit), Error> {
        let database = || name.to_owned();
        let address = self.databases.provider.database(name).await;
        let address = address.map_err(|source| Error::Provider { database: database(), source })?;
        let Some(address) = address else {
            lock(&self.routes).remove(name);
            return Err(Error::UnknownDatabase { database: database() });
        };
        let make_room = || {
            // In this order: a pool that opens after the look finds somebody who waits.
            self.starved.fetch_add(1, SeqCst);
            if self.evict() {
                self.fed();
            }
        };
        match in_line(&self.rooms, make_room).await {
            Ok(room) => Ok((address, room)),
            // Nobody closes the line.
            Err(AcquireError { .. }) => std::future::pending().await,
        }
    }

    /// Closes the pool that was used least recently, of those that nobody uses; if all are in use, it is
    /// closed when its transactions have ended, and whoever wants it meanwhile stands in line. `false`
    /// where none is open.
    fn evict(&self) -> bool {
        let routes = lock(&self.routes);
        let open = routes.iter().filter_map(|(name, route)| {
            let state = route.state();
            Some((!state.pool.as_ref()?.is_idle(), state.used, name, route))
        });
        let Some((.., name, route)) = open.min_by_key(|(in_use, used, ..)| (*in_use, *used)) else {
            return false;
        };
        let (name, pool) = (name.clone(), route.state().pool.take());
        // It closes what rests, which takes locks of its own.
        drop(routes);
        if pool.is_some() {
            self.evicted.fetch_add(1, SeqCst);
            tracing::debug!(target: "tenant", database = name, "closed to make room");
        }
        pool.is_some()
    }

    /// Whether there was somebody who starves; now there is one less.
    fn fed(&self) -> bool {
        self.starved.fetch_update(SeqCst, SeqCst, |starved| starved.checked_sub(1)).is_ok()
    }
}

/// Nothing panics while it is locked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<P> fmt::Debug for Router<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("databases", &self.databases)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

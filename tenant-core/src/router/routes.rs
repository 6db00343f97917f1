use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};

use super::{Connections, Databases, RouterMetrics, connections::Wanted};
use crate::{DatabaseAddress, Error};

/// Knows the pools of many databases: opens one when it is first needed, closes the one that was used
/// least recently when there are too many, and tells at once of a database that is down. For the
/// adapters; `P` is a handle of theirs on one database's pool, cheap to clone.
pub struct Router<P> {
    databases: Databases,
    connections: Arc<Connections>,
    rooms: Arc<Semaphore>,
    /// How many wait for one.
    rooms_wanted: AtomicUsize,
    routes: Mutex<HashMap<String, Arc<Route<P>>>>,
    opened: AtomicU64,
    evicted: AtomicU64,
    unreachable: AtomicU64,
    told_at_once: AtomicU64,
}

/// One pool's place among those that may be open. It belongs into the pool, and goes when that has
/// ended its last transaction.
#[derive(Debug)]
pub struct Room {
    _permit: OwnedSemaphorePermit,
}

/// Why there is no pool.
#[derive(Debug)]
pub enum RouteError<E> {
    /// What the router says itself.
    Route(Error),
    /// What opening said.
    Open(E),
}

/// The way to one database.
struct Route<P> {
    pool: AsyncMutex<Option<P>>,
    state: Mutex<State>,
}

struct State {
    used: Instant,
    /// The same pool, for whoever must not wait.
    is_open: bool,
    down: Option<Down>,
}

/// A database that could not be reached.
struct Down {
    why: Arc<str>,
    /// Until when nobody tries.
    until: Instant,
}

impl<P> Route<P> {
    fn new() -> Self {
        let state = State { used: Instant::now(), is_open: false, down: None };
        Self { pool: AsyncMutex::new(None), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<P: Clone + Send> Router<P> {
    /// No pool is open yet.
    pub fn new(databases: Databases) -> Self {
        Self {
            connections: Connections::new(databases.max_connections),
            rooms: Arc::new(Semaphore::new(databases.max_pools)),
            rooms_wanted: AtomicUsize::new(0),
            databases,
            routes: Mutex::default(),
            opened: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            unreachable: AtomicU64::new(0),
            told_at_once: AtomicU64::new(0),
        }
    }

    /// The connections over all of them.
    pub fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// How long a connection and the answer to `BEGIN` may take.
    pub fn timeout(&self) -> Duration {
        self.databases.connect_timeout
    }

    /// The pool of this database, which `open` opens if there is none, for one caller at a time.
    ///
    /// # Errors
    /// [`RouteError::Route`] with [`Error::UnknownDatabase`], [`Error::DatabaseDown`] or
    /// [`Error::Provider`]; what `open` says.
    ///
    /// # Cancellation
    /// Dropped while it opens, nothing stays open, and the next caller opens.
    pub async fn pool<E, F>(
        &self,
        name: &str,
        open: impl FnOnce(DatabaseAddress, Room) -> F,
    ) -> Result<P, RouteError<E>>
    where
        E: fmt::Display,
        F: Future<Output = Result<P, E>>,
    {
        let route = self.route(name);
        self.look(name, &route).map_err(RouteError::Route)?;
        let mut pool = route.pool.lock().await;
        if let Some(pool) = &*pool {
            return Ok(pool.clone());
        }
        // Somebody else may have tried meanwhile.
        self.look_again(name, &route).map_err(RouteError::Route)?;
        let address = self.databases.provider.database(name).await.map_err(|source| {
            RouteError::Route(Error::Provider { database: name.to_owned(), source })
        })?;
        let Some(address) = address else {
            lock(&self.routes).remove(name);
            return Err(RouteError::Route(Error::UnknownDatabase { database: name.to_owned() }));
        };
        let room = self.room(name).await;
        match open(address, room).await {
            Ok(opened) => {
                self.opened.fetch_add(1, SeqCst);
                *pool = Some(opened.clone());
                {
                    let mut state = route.state();
                    (state.is_open, state.down, state.used) = (true, None, Instant::now());
                }
                // Whoever waits has found nothing to close, or too little.
                if self.rooms_wanted.load(SeqCst) > 0 {
                    self.evict("");
                }
                Ok(opened)
            }
            Err(error) => {
                self.failed(name, &error.to_string());
                Err(RouteError::Open(error))
            }
        }
    }

    /// The database could not be reached: for a while its tenants are told so at once.
    pub fn failed(&self, name: &str, why: &str) {
        self.unreachable.fetch_add(1, SeqCst);
        let Some(route) = lock(&self.routes).get(name).cloned() else { return };
        let until = Instant::now() + self.databases.retry_after;
        route.state().down = Some(Down { why: why.into(), until });
        tracing::warn!(target: "tenant", database = name, why, "a database cannot be reached");
    }

    /// It was reached.
    pub fn reached(&self, name: &str) {
        if let Some(route) = lock(&self.routes).get(name) {
            route.state().down = None;
        }
    }

    /// How many there are of what.
    pub fn metrics(&self) -> RouterMetrics {
        let routes = lock(&self.routes);
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
            down: routes.values().filter(|route| route.state().down.is_some()).count(),
        }
    }

    /// Forgets all pools, and says which there were.
    pub async fn take_all(&self) -> Vec<P> {
        let routes: Vec<_> = lock(&self.routes).drain().map(|(_, route)| route).collect();
        let mut pools = Vec::new();
        for route in routes {
            pools.extend(route.pool.lock().await.take());
        }
        pools
    }

    /// The same without waiting: a pool that is being opened is not among them.
    pub fn take_open(&self) -> Vec<P> {
        let routes: Vec<_> = lock(&self.routes).drain().map(|(_, route)| route).collect();
        routes.iter().filter_map(|route| route.pool.try_lock().ok()?.take()).collect()
    }

    fn route(&self, name: &str) -> Arc<Route<P>> {
        let mut routes = lock(&self.routes);
        match routes.get(name) {
            Some(route) => {
                route.state().used = Instant::now();
                route.clone()
            }
            None => routes.entry(name.to_owned()).or_insert_with(|| Arc::new(Route::new())).clone(),
        }
    }

    /// Tells of a database that is down, but to one call, which tries.
    fn look(&self, name: &str, route: &Route<P>) -> Result<(), Error> {
        let mut state = route.state();
        let Some(down) = &mut state.down else { return Ok(()) };
        let now = Instant::now();
        if down.until <= now {
            down.until = now + self.databases.connect_timeout + self.databases.retry_after;
            return Ok(());
        }
        Err(self.told(name, down))
    }

    /// The same for whoever waited while somebody else tried.
    fn look_again(&self, name: &str, route: &Route<P>) -> Result<(), Error> {
        match &route.state().down {
            // The one that tries has put it off for longer than that.
            Some(down) if down.until <= Instant::now() + self.databases.retry_after => {
                Err(self.told(name, down))
            }
            _ => Ok(()),
        }
    }

    fn told(&self, name: &str, down: &Down) -> Error {
        self.told_at_once.fetch_add(1, SeqCst);
        Error::DatabaseDown { database: name.to_owned(), why: down.why.to_string() }
    }

    /// A place for one more pool. The pool that was used least recently goes for it; whoever wants that
    /// one stands in line for a place of its own.
    async fn room(&self, name: &str) -> Room {
        let rooms = self.rooms.clone();
        if let Ok(permit) = rooms.clone().try_acquire_owned() {
            return Room { _permit: permit };
        }
        let _wanted = Wanted::new(&self.rooms_wanted);
        self.evict(name);
        match rooms.acquire_owned().await {
            Ok(permit) => Room { _permit: permit },
            // Nobody closes the semaphore.
            Err(_) => std::future::pending().await,
        }
    }

    fn evict(&self, but: &str) {
        let mut routes = lock(&self.routes);
        let open = routes.iter().filter(|(name, route)| *name != but && route.state().is_open);
        let Some(name) = open.min_by_key(|(_, route)| route.state().used).map(|(name, _)| name)
        else {
            return;
        };
        let name = name.clone();
        let route = routes.remove(&name);
        // Its pool closes what rests, which takes locks of its own.
        drop(routes);
        if route.is_some() {
            self.evicted.fetch_add(1, SeqCst);
            tracing::debug!(target: "tenant", database = name, "closed to make room");
        }
    }
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
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::StaticDatabases;

    /// A pool, as far as the router goes.
    #[derive(Clone)]
    struct Pool(#[allow(dead_code, reason = "it is held")] Arc<Room>);

    fn router(names: &[&str], max_pools: usize) -> Router<Pool> {
        let known = names.iter().fold(StaticDatabases::new(), |known, name| {
            known.database(*name, DatabaseAddress::new(*name))
        });
        let databases = Databases::new(known).max_pools(max_pools);
        Router::new(databases.retry_after(Duration::from_mins(1)))
    }

    async fn open(router: &Router<Pool>, name: &str) -> Result<Pool, RouteError<String>> {
        router.pool(name, async |_, room| Ok(Pool(Arc::new(room)))).await
    }

    #[tokio::test]
    async fn the_pool_that_was_used_least_recently_makes_room() {
        let router = router(&["a", "b", "c"], 2);
        for name in ["a", "b", "a", "c"] {
            drop(open(&router, name).await.unwrap());
        }
        let metrics = router.metrics();
        assert_eq!((metrics.pools, metrics.opened, metrics.evicted), (2, 3, 1));
        drop(open(&router, "a").await.unwrap());
        assert_eq!(router.metrics().opened, 3, "it was `b` that went");
    }

    #[tokio::test]
    async fn a_pool_that_is_in_use_goes_when_its_work_ends_and_whoever_comes_back_stands_in_line() {
        let router = Arc::new(router(&["a", "b"], 1));
        let a = open(&router, "a").await.unwrap();
        let waits = tokio::spawn({
            let router = router.clone();
            async move { open(&router, "b").await.map(drop) }
        });
        while router.metrics().evicted == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!waits.is_finished());
        let comes_back = tokio::spawn({
            let router = router.clone();
            async move { open(&router, "a").await.map(drop) }
        });
        tokio::task::yield_now().await;
        drop(a);
        waits.await.unwrap().unwrap();
        comes_back.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn many_more_databases_than_pools_and_everybody_gets_there() {
        let names: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let router = router(&names, 3);
        let work = async |name: &str| {
            let pool = open(&router, name).await.unwrap();
            tokio::task::yield_now().await;
            drop(pool);
            assert!(router.metrics().pools <= 3);
        };
        let all = names.iter().chain(&names).chain(&names).map(|name| work(name));
        futures_util::future::join_all(all).await;
    }

    #[tokio::test]
    async fn a_database_that_failed_is_not_tried_again_at_once_by_nobody() {
        let router = router(&["a"], 3);
        let tried = AtomicUsize::new(0);
        let fails = || {
            router.pool("a", async |_, _| {
                tried.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                Err::<Pool, _>("refused".to_owned())
            })
        };
        // All at once: one tries, the others hear of it.
        let (one, two, three) = tokio::join!(fails(), fails(), fails());
        assert!(matches!(one, Err(RouteError::Open(_))));
        for told in [two, three, fails().await] {
            let told = told.err().unwrap();
            assert!(matches!(told, RouteError::Route(Error::DatabaseDown { .. })), "{told:?}");
        }
        assert_eq!(tried.load(SeqCst), 1);
        router.reached("a");
        open(&router, "a").await.unwrap();
    }

    #[tokio::test]
    async fn a_dropped_opening_leaves_the_way_free() {
        let router = router(&["a"], 1);
        let begun = AtomicBool::new(false);
        {
            let mut opening = std::pin::pin!(router.pool("a", async |_, room| {
                begun.store(true, SeqCst);
                std::future::pending::<()>().await;
                Ok::<_, String>(Pool(Arc::new(room)))
            }));
            while !begun.load(SeqCst) {
                assert!(futures_util::poll!(opening.as_mut()).is_pending());
            }
        }
        open(&router, "a").await.unwrap();
    }
}

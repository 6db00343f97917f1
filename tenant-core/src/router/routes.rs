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
mod tests {
    use std::sync::atomic::AtomicBool;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::StaticDatabases;

    /// A pool, as far as the router goes.
    struct Pool {
        _member: Member,
        in_use: AtomicBool,
    }

    impl Pool {
        fn new(member: Member) -> Self {
            Self { _member: member, in_use: AtomicBool::new(false) }
        }
    }

    impl Routed for Pool {
        type Error = Error;

        fn is_idle(&self) -> bool {
            !self.in_use.load(SeqCst)
        }

        fn is_unreachable(error: &Error) -> bool {
            matches!(error, Error::NoSeal)
        }

        fn is_busy(error: &Error) -> bool {
            matches!(error, Error::ConnectionsExhausted { .. })
        }
    }

    const LONG: Duration = Duration::from_mins(1);

    fn router(names: &[&str], max_pools: usize) -> Router<Pool> {
        let known = names.iter().fold(StaticDatabases::new(), |known, name| {
            known.database(*name, DatabaseAddress::new(*name))
        });
        Router::new(Databases::new(known).max_pools(max_pools).retry_after(LONG))
    }

    async fn open(router: &Router<Pool>, name: &str) -> Result<Arc<Pool>, Error> {
        router.pool(name, LONG, async |_, member| Ok(Pool::new(member))).await
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
    async fn a_pool_that_nobody_uses_goes_before_one_that_was_used_earlier_and_is_in_use() {
        let router = router(&["a", "b", "c"], 2);
        let a = open(&router, "a").await.unwrap();
        a.in_use.store(true, SeqCst);
        drop(open(&router, "b").await.unwrap());
        drop(open(&router, "c").await.unwrap());
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
    async fn nobody_waits_for_a_room_longer_than_agreed() {
        let router = router(&["a", "b"], 1);
        let a = open(&router, "a").await.unwrap();
        let soon = Duration::from_millis(20);
        let late = router.pool("b", soon, async |_, member| Ok(Pool::new(member))).await;
        let late = late.err().unwrap();
        assert!(matches!(late, Error::PoolNotOpened { .. }), "{late}");
        assert_eq!(router.metrics().down, 0, "it says nothing of the database");
        drop(a);
        open(&router, "b").await.unwrap();
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
    async fn a_database_that_failed_is_not_tried_again_at_once_by_anybody() {
        let router = router(&["a"], 3);
        let tried = AtomicUsize::new(0);
        let fails = || {
            router.pool("a", LONG, async |_, _| {
                tried.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                Err::<Pool, _>(Error::NoAdmin)
            })
        };
        // All at once: one tries, the others hear of it.
        let (one, two, three) = tokio::join!(fails(), fails(), fails());
        assert!(matches!(one, Err(Error::NoAdmin)));
        for told in [two, three, fails().await] {
            let told = told.err().unwrap();
            assert!(matches!(told, Error::DatabaseDown { .. }), "{told:?}");
        }
        assert_eq!(tried.load(SeqCst), 1);
        router.tell("a", &Ok(()));
        open(&router, "a").await.unwrap();
    }

    #[tokio::test]
    async fn one_call_tries_a_database_that_was_down_and_the_others_go_on_being_told() {
        let known = StaticDatabases::new().database("a", DatabaseAddress::new("a"));
        let router = Router::<Pool>::new(Databases::new(known).retry_after(Duration::ZERO));
        drop(open(&router, "a").await.unwrap());
        router.tell::<()>("a", &Err(Error::NoSeal));
        assert_eq!(router.metrics().down, 1);
        let mut tries = std::pin::pin!(router.pool("a", LONG, async |_, member| {
            tokio::task::yield_now().await;
            Ok(Pool::new(member))
        }));
        assert!(tries.as_mut().now_or_never().is_none());
        let told = open(&router, "a").await.err().unwrap();
        assert!(matches!(told, Error::DatabaseDown { .. }), "{told:?}");
        tries.await.unwrap();
        open(&router, "a").await.unwrap();
        let metrics = router.metrics();
        assert_eq!((metrics.opened, metrics.down, metrics.unreachable), (2, 0, 1), "{metrics:?}");
    }

    #[tokio::test]
    async fn whoever_came_at_a_bad_time_says_nothing_of_the_database() {
        let router = router(&["a"], 1);
        let own = |_, member: Member| async move { Err(member.exhausted(1, LONG)) };
        router.pool("a", LONG, own).await.err().unwrap();
        open(&router, "a").await.unwrap();
    }

    #[tokio::test]
    async fn a_dropped_opening_leaves_the_way_free() {
        let router = router(&["a"], 1);
        let begun = AtomicBool::new(false);
        {
            let mut opening = std::pin::pin!(router.pool("a", LONG, async |_, member| {
                begun.store(true, SeqCst);
                std::future::pending::<()>().await;
                Ok(Pool::new(member))
            }));
            while !begun.load(SeqCst) {
                assert!(opening.as_mut().now_or_never().is_none());
            }
        }
        open(&router, "a").await.unwrap();
    }
}

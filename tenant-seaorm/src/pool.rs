//! The connections at rest.
//!
//! SeaORM's pool opens, limits and closes them. Those that came back clean rest here, on top of it:
//! sqlx pings a connection on return, which costs a round trip and a task per transaction, and does
//! not wait for a rollback before it lends the permit on.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tenant_core::adapter::{Member, Resting, Slot, Turn};
use tokio::{
    runtime::Handle,
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Error, internals};

/// How long the rollback after a drop may take before the connection is closed instead, as long as
/// sqlx itself waits for a connection to close.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool of connections that are lent for one transaction each.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    sqlx: PgPool,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    max: u32,
    share: Option<Share>,
    /// Connections are also dropped where no runtime is entered, and sqlx wants one to close them.
    runtime: Handle,
}

/// A pool's part in the connections over many databases.
pub(crate) struct Share {
    pub(crate) member: Member,
    /// How long a caller waits in line.
    pub(crate) wait: Duration,
}

/// What whoever borrows a connection holds: the pool's permit and, of many databases, the turn.
struct Permit {
    _own: OwnedSemaphorePermit,
    _turn: Option<Turn>,
}

struct Idle {
    conn: PoolConnection<Postgres>,
    slot: Option<Slot>,
    born: Instant,
    since: Instant,
}

impl Pool {
    /// Takes over sqlx's pool, which nobody else may hold. Must be called inside of a runtime.
    pub(crate) fn new(sqlx: PgPool, share: Option<Share>) -> Self {
        let max = sqlx.options().get_max_connections();
        let shared = Arc::new(Shared {
            permits: Arc::new(Semaphore::new(max as usize)),
            idle: Mutex::default(),
            max,
            share,
            runtime: Handle::current(),
            sqlx,
        });
        if let Some(share) = &shared.share {
            let resting: Weak<Shared> = Arc::downgrade(&shared);
            share.member.register(resting);
        }
        if let Some(period) = shared.sweep_period() {
            shared.runtime.spawn(sweep(Arc::downgrade(&shared), period));
        }
        Self(shared)
    }

    /// The database's name, which is the login's where the URL names none.
    pub(crate) fn database(&self) -> String {
        let options = self.0.sqlx.connect_options();
        let name = options.get_database().unwrap_or(options.get_username());
        name.to_owned()
    }

    /// Whether nobody has a connection of it.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.permits.available_permits() == self.0.max as usize
    }

    pub(crate) fn max(&self) -> u32 {
        self.0.max
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.0.sqlx.options().get_acquire_timeout()
    }

    /// A connection beside the pool.
    pub(crate) async fn another(&self) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.0.sqlx.connect_options()).await
    }

    /// Lends a connection, which is closed on drop until somebody says otherwise
    /// ([`Lent::on_drop`]). Dropping the future lends nothing.
    pub(crate) async fn acquire(&self) -> Result<Lent, Error> {
        let permit = self.in_time(async {
            let own = self.0.permits.clone().acquire_owned().await?;
            let turn = match &self.0.share {
                Some(share) => Some(share.member.turn().await?),
                None => None,
            };
            Ok(Permit { _own: own, _turn: turn })
        });
        self.lend(permit.await?).await
    }

    /// Whether [`close`](Self::close) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.permits.is_closed()
    }

    async fn in_time<T>(
        &self,
        wait: impl Future<Output = Result<T, AcquireError>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let limit = self.0.share.as_ref().map_or(self.timeout(), |share| share.wait);
        timeout(limit, wait)
            .await
            .map_err(|_| {
                let waited = started.elapsed();
                match &self.0.share {
                    Some(share) => Error::Core(share.member.exhausted(self.0.max, waited)),
                    None => Error::PoolExhausted { max: self.0.max, waited },
                }
            })?
            .map_err(|_| Error::CLOSED)
    }

    async fn lend(&self, permit: Permit) -> Result<Lent, Error> {
        let (conn, slot, born) = if let Some(idle) = self.0.pop() {
            (idle.conn, idle.slot, idle.born)
        } else {
            let slot = match &self.0.share {
                Some(share) => Some(self.in_time(share.member.slot()).await?),
                None => None,
            };
            let conn = self.0.sqlx.acquire().await.map_err(Error::connect)?;
            (conn, slot, Instant::now())
        };
        Ok(Lent {
            conn: Some(conn),
            slot,
            permit: Some(permit),
            born,
            fate: Fate::Close,
            pool: self.clone(),
        })
    }

    /// Closes all connections; waits for those that are lent.
    pub(crate) async fn close(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for idle in idle {
            // An error means that it is closed already.
            let _ = idle.conn.close().await;
        }
        self.0.sqlx.close().await;
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("max", &self.0.max)
            .field("lent", &(self.0.max as usize - self.0.permits.available_permits()))
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// No panic happens while it is locked, so a poisoned one is as good as any.
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that rested least: its server process has the warmest caches, and the others
    /// get old enough to be closed.
    fn pop(&self) -> Option<Idle> {
        loop {
            let idle = self.idle().pop()?;
            if !self.expired(&idle) {
                return Some(idle);
            }
            self.close(idle.conn, idle.slot);
        }
    }

    fn put(&self, conn: PoolConnection<Postgres>, slot: Option<Slot>, born: Instant) {
        let since = Instant::now();
        let idle = Idle { conn, slot, born, since };
        let mut resting = self.idle();
        // Under the lock, so that `close`, or who wants its slot, finds it or it is not put.
        let wanted = self.share.as_ref().is_some_and(|share| share.member.is_wanted());
        if self.permits.is_closed() || wanted || self.expired(&idle) {
            drop(resting);
            self.close(idle.conn, idle.slot);
        } else {
            resting.push(idle);
        }
    }

    fn expired(&self, idle: &Idle) -> bool {
        let options = self.sqlx.options();
        let over = |since: Instant, max: Option<Duration>| max.is_some_and(|m| since.elapsed() > m);
        over(idle.born, options.get_max_lifetime()) || over(idle.since, options.get_idle_timeout())
    }

    /// The slot is free when the connection is gone.
    fn close(&self, mut conn: PoolConnection<Postgres>, slot: Option<Slot>) {
        let _entered = self.runtime.enter();
        let Some(slot) = slot else {
            conn.close_on_drop();
            return;
        };
        self.runtime.spawn(async move {
            // An error, or a server that does not answer: the socket is closed all the same.
            let _ = timeout(ROLLBACK_TIMEOUT, conn.close()).await;
            drop(slot);
        });
    }

    fn sweep_period(&self) -> Option<Duration> {
        let options = self.sqlx.options();
        [options.get_max_lifetime(), options.get_idle_timeout()].into_iter().flatten().min().map(
            |shortest| (shortest / 2).clamp(Duration::from_millis(100), Duration::from_mins(1)),
        )
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _runtime = self.runtime.enter();
        for idle in std::mem::take(&mut *self.idle()) {
            // As sqlx's own pool does at its end: the socket closes, nothing is open on it.
            drop(idle.conn.detach());
        }
    }
}

impl Resting for Shared {
    fn rests_since(&self) -> Option<Instant> {
        self.idle().first().map(|idle| idle.since)
    }

    fn close_one(&self) -> bool {
        let first = {
            let mut idle = self.idle();
            if idle.is_empty() { None } else { Some(idle.remove(0)) }
        };
        first.map(|idle| self.close(idle.conn, idle.slot)).is_some()
    }
}

/// Closes what rested too long, also when nobody comes by.
async fn sweep(pool: Weak<Shared>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        let Some(pool) = pool.upgrade() else { return };
        let expired: Vec<Idle> = pool.idle().extract_if(.., |idle| pool.expired(idle)).collect();
        for idle in expired {
            pool.close(idle.conn, idle.slot);
        }
    }
}

/// What becomes of a lent connection when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its state is unknown, or something may be left on it.
    Close,
    /// It is in a transaction; and whether a dropped call's answer is still on its way.
    RollBack { unsettled: bool },
    /// It is as clean as a new one.
    Reuse,
}

/// A connection of the pool, for one transaction.
pub(crate) struct Lent {
    conn: Option<PoolConnection<Postgres>>,
    slot: Option<Slot>,
    permit: Option<Permit>,
    born: Instant,
    fate: Fate,
    pool: Pool,
}

impl Lent {
    pub(crate) fn on_drop(&mut self, fate: Fate) {
        self.fate = fate;
    }

    /// The connection itself; an error only after [`renew`](Self::renew) failed.
    pub(crate) fn conn(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.conn.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// The connection, out of the pool for good.
    pub(crate) fn detach(mut self) -> Result<PgConnection, Error> {
        self.conn.take().map(PoolConnection::detach).ok_or(Error::CLOSED)
    }

    /// Closes the connection and lends another one in its place.
    pub(crate) async fn renew(mut self) -> Result<Self, Error> {
        let pool = self.pool.clone();
        if let Some(conn) = self.conn.take() {
            pool.0.close(conn, self.slot.take());
        }
        match self.permit.take() {
            Some(permit) => pool.lend(permit).await,
            None => pool.acquire().await,
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        let slot = self.slot.take();
        let shared = &self.pool.0;
        let runtime = Handle::try_current().unwrap_or_else(|_| shared.runtime.clone());
        let _entered = runtime.enter();
        match self.fate {
            Fate::Reuse => shared.put(conn, slot, self.born),
            Fate::Close => shared.close(conn, slot),
            Fate::RollBack { unsettled } => {
                // The permit goes along: the connection is not free before the rollback is done.
                let (pool, permit, born) = (self.pool.clone(), self.permit.take(), self.born);
                let rolling = RollingBack { held: Some((conn, slot)), pool: pool.clone() };
                runtime.spawn(async move {
                    if let Some((conn, slot)) = rolling.finish(unsettled).await {
                        pool.0.put(conn, slot, born);
                    }
                    drop(permit);
                });
            }
        }
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("fate", &self.fate).finish_non_exhaustive()
    }
}

/// A connection on which a rollback is under way. It is closed unless that is confirmed.
struct RollingBack {
    held: Option<Held>,
    pool: Pool,
}

type Held = (PoolConnection<Postgres>, Option<Slot>);

impl RollingBack {
    async fn finish(mut self, unsettled: bool) -> Option<Held> {
        let (conn, _) = self.held.as_mut()?;
        let rollback = async {
            if unsettled {
                internals::settle(conn).await?;
            }
            internals::message(conn, "ROLLBACK").await
        };
        match timeout(ROLLBACK_TIMEOUT, rollback).await {
            Ok(Ok(())) => self.held.take(),
            _ => None,
        }
    }
}

impl Drop for RollingBack {
    fn drop(&mut self) {
        if let Some((conn, slot)) = self.held.take() {
            self.pool.0.close(conn, slot);
        }
    }
}

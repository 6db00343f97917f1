use std::{fmt, sync::Arc, time::Duration};

use crate::DatabaseProvider;

/// The databases that a pool reaches beyond the one of its URL, and how much of them it holds at a
/// time.
///
/// ```
/// use tenant_core::{DatabaseAddress, Databases, StaticDatabases};
///
/// let addresses = StaticDatabases::new()
///     .database("eu-1", DatabaseAddress::new("postgres://shop_login@eu-1/shop").region("eu"));
/// let databases = Databases::new(addresses).max_pools(100).max_connections(40);
/// ```
#[derive(Clone)]
pub struct Databases {
    pub(super) provider: Arc<dyn DatabaseProvider>,
    pub(super) max_pools: usize,
    pub(super) max_connections: usize,
    pub(super) connect_timeout: Duration,
    pub(super) retry_after: Duration,
}

impl Databases {
    /// The databases of this provider.
    pub fn new(provider: impl DatabaseProvider + 'static) -> Self {
        Self {
            provider: Arc::new(provider),
            max_pools: 100,
            max_connections: 100,
            connect_timeout: Duration::from_secs(2),
            retry_after: Duration::from_secs(1),
        }
    }

    /// How many databases have a pool at a time, beyond that of the URL. For one more, the pool that was
    /// used least recently is closed, of those that nobody uses; where all are in use, the caller waits
    /// for one to end its transactions. The default is 100.
    pub fn max_pools(mut self, max: usize) -> Self {
        self.max_pools = max.max(1);
        self
    }

    /// How many connections there are over all databases, those at rest included. Whoever wants one
    /// more waits in line; connections at rest elsewhere are closed for it, those that rested longest
    /// first. A single database has at most the builder's `max_connections`: so one that is busy, or
    /// hangs, holds no more than those. The default is 100.
    ///
    /// PostgreSQL takes a moment to notice that a connection was closed: leave it a few more.
    pub fn max_connections(mut self, max: usize) -> Self {
        self.max_connections = max.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// How long a connection, the start-up check and the answer to `BEGIN` may take, each, before the
    /// database counts as down; also of that of the pool's URL.
    /// The default is two seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a database that could not be reached is not tried again: its tenants are told at once.
    /// Then one call tries, and the others go on being told. The default is one second.
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = pause;
        self
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Databases")
            .field("max_pools", &self.max_pools)
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

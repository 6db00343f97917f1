use std::{fmt, time::Duration};

use super::{CachedRegistry, answers::Lifetimes};
use crate::TenantRegistry;

const TTL: Duration = Duration::from_mins(1);
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
const CAPACITY: u64 = 100_000;
const HEARTBEAT: Duration = Duration::from_secs(10);

const LONGEST: Duration = Duration::from_hours(24);
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(100);

/// How a [`CachedRegistry`] caches.
pub struct CachedRegistryBuilder {
    pub(super) registry: Box<dyn TenantRegistry>,
    pub(super) lifetimes: Lifetimes,
    pub(super) capacity: u64,
    pub(super) heartbeat: Duration,
}

impl CachedRegistryBuilder {
    pub(super) fn new(registry: impl TenantRegistry + 'static) -> Self {
        Self {
            registry: Box::new(registry),
            lifetimes: Lifetimes { yes: TTL, no: NEGATIVE_TTL },
            capacity: CAPACITY,
            heartbeat: HEARTBEAT,
        }
    }

    /// How long a tenant or a membership is believed without asking again: 60 seconds by default, 24
    /// hours at most. Without [`watch`](CachedRegistry::watch), and while that is deaf, a suspended
    /// tenant is served for so long.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.yes = ttl.min(LONGEST);
        self
    }

    /// How long it is believed that there is no such tenant, slug or member: 5 seconds by default.
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.no = ttl.min(LONGEST);
        self
    }

    /// How many tenants, slugs and memberships are kept, of each: 100,000 by default.
    pub fn capacity(mut self, entries: u64) -> Self {
        self.capacity = entries;
        self
    }

    /// How often `watch` makes sure that it still hears: every 10 seconds by default, every 100
    /// milliseconds at the most. A connection that died without a word is noticed within twice that.
    pub fn heartbeat(mut self, every: Duration) -> Self {
        self.heartbeat = every.clamp(SHORTEST_HEARTBEAT, LONGEST);
        self
    }

    /// The registry.
    pub fn build(self) -> CachedRegistry {
        CachedRegistry::of(self)
    }
}

impl fmt::Debug for CachedRegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedRegistryBuilder")
            .field("lifetimes", &self.lifetimes)
            .field("capacity", &self.capacity)
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

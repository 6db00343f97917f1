//! A cache that a fleet shares: Redis between the cache in memory and the registry.

mod entry;
mod server;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

use self::{
    entry::{Entry, name},
    server::{Found, Server},
};
use crate::{Error, RegistryError, SealKey, TenantId, TenantKey, TenantRecord, TenantRegistry};

const TTL: Duration = Duration::from_mins(1);
const NEGATIVE_TTL: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_hours(24);

/// A registry in front of another one, which keeps answers in a Redis that many processes share, so
/// that a process that has just started does not ask the database for every tenant.
///
/// Put a [`CachedRegistry`](crate::CachedRegistry) in front of it, whose
/// [`watch`](crate::CachedRegistry::watch) makes both forget what has changed.
///
/// ```no_run
/// # fn f(session: impl tenant_core::SqlSession + 'static, listening: impl tenant_core::SqlSession + 'static, secret: &str) -> Result<(), tenant_core::Error> {
/// use tenant_core::{CachedRegistry, RedisRegistry, SealKey, SqlRegistry, TenantKey};
///
/// let registry = SqlRegistry::new(session).key(TenantKey::Uuid);
/// let key = SealKey::from_hex("cache1", secret)?;
/// let shared = RedisRegistry::new(registry, "redis://localhost/0", key)?;
/// let registry = CachedRegistry::new(shared);
/// tokio::spawn(registry.watch(listening));
/// # Ok(()) }
/// ```
///
/// While Redis does not answer, the registry behind is asked, and a warning says so. Slugs are not
/// kept here: the cache in front keeps whom they lead to.
///
/// # Authority
/// An entry is signed, for this tenant, this moment and this generation of the tenant; whoever can
/// write to the Redis can make it forget, and put back what was true within the TTL, but cannot let
/// anybody in otherwise. Give the key to nobody else, and use it for nothing else.
///
/// # A change
/// An answer is kept under two random words, the tenant's and everybody's, that were there before
/// the question. Forgetting changes the word, so an answer that was under way meanwhile is never
/// found. If Redis loses its words, what was kept under them is lost as well.
pub struct RedisRegistry {
    registry: Box<dyn TenantRegistry>,
    server: Server,
    key: SealKey,
    ttl: Duration,
    negative_ttl: Duration,
}

impl RedisRegistry {
    /// Keeps this registry's answers in the Redis at this address. It connects when it is asked
    /// first; entries are signed with the key, which all processes share.
    ///
    /// # Errors
    /// [`Error::Redis`] for an address that is none.
    pub fn new(
        registry: impl TenantRegistry + 'static,
        url: &str,
        key: SealKey,
    ) -> Result<Self, Error> {
        let server = Server::new(url)?;
        let registry = Box::new(registry);
        Ok(Self { registry, server, key, ttl: TTL, negative_ttl: NEGATIVE_TTL })
    }

    /// How long a tenant or a membership is believed: 60 seconds by default, 24 hours at most. Add
    /// it to the TTL of the cache in front.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl.min(LONGEST);
        self
    }

    /// How long it is believed that there is no such tenant or member: 5 seconds by default.
    pub fn negative_ttl(mut self, ttl: Duration) -> Self {
        self.negative_ttl = ttl.min(LONGEST);
        self
    }

    /// What all its names in Redis begin with: `tenancy` by default. Give each registry its own,
    /// where several share a Redis.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.server.prefix);
        self
    }

    /// The answer that is kept, or the registry's, which is then kept.
    async fn get<T: Serialize + DeserializeOwned>(
        &self,
        id: &TenantId,
        name: &str,
        ask: impl Future<Output = Result<T, RegistryError>>,
        is_somebody: fn(&T) -> bool,
    ) -> Result<T, RegistryError> {
        let id = id.to_string();
        let Some(Found { words, entry }) = self.server.find(&id, name, self.ttl).await else {
            return ask.await;
        };
        let kept = entry.as_deref().and_then(|text| Entry::open(text, &self.key, name, &words));
        if let Some(kept) =
            kept.filter(|kept: &Entry<T>| kept.age() <= self.lifetime(is_somebody(&kept.value)))
        {
            return Ok(kept.value);
        }
        let asked = Entry::<()>::now();
        let value = ask.await?;
        let lifetime = self.lifetime(is_somebody(&value));
        let entry = Entry { value, written: asked };
        self.server
            .keep(&id, name, &words, &entry.sealed(&self.key, name, &words)?, lifetime)
            .await;
        Ok(entry.value)
    }

    fn lifetime(&self, is_somebody: bool) -> Duration {
        if is_somebody { self.ttl } else { self.negative_ttl }
    }
}

#[async_trait]
impl TenantRegistry for RedisRegistry {
    fn key(&self) -> Option<TenantKey> {
        self.registry.key()
    }

    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        let name = name("find", &id.to_string(), "");
        self.get(id, &name, self.registry.find(id), Option::is_some).await
    }

    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        self.registry.find_by_slug(slug).await
    }

    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        let name = name("member", &id.to_string(), user);
        self.get(id, &name, self.registry.is_member(id, user), |is_member| *is_member).await
    }

    async fn forget(&self, id: Option<&TenantId>) -> Result<(), RegistryError> {
        self.registry.forget(id).await?;
        Ok(self.server.forget(id.map(ToString::to_string).as_deref(), self.ttl).await?)
    }
}

impl fmt::Debug for RedisRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRegistry")
            .field("prefix", &self.server.prefix)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

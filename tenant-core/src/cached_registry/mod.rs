//! A registry that remembers, and is told when to forget.

mod answers;
mod builder;
mod generations;
mod watch;

use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;

use self::{
    answers::Answers,
    generations::{Generation, Generations},
};
use crate::{RegistryError, SqlSession, TenantId, TenantKey, TenantRecord, TenantRegistry};
pub use builder::CachedRegistryBuilder;

/// Longer texts of strangers (a slug, a user's id) are not kept, so that the cache's size is bounded
/// and not only its entries' number.
const LONGEST_TEXT: usize = 256;

/// A registry in front of another one, which answers from memory what it was told within the last
/// minute ([`ttl`](CachedRegistryBuilder::ttl)), and forgets a tenant as soon as the database says
/// that it has changed ([`watch`](Self::watch)).
///
/// One question per tenant, slug or membership is under way at a time, however many want to know. That
/// there is none is believed for seconds only, and an error never. A lookup that began before a tenant
/// changed is handed to nobody who came after the change. It is cheap to clone, and all clones are one
/// cache.
///
/// A scope's age counts from its verification, so a scope can be older than it says by the TTL.
///
/// ```no_run
/// # use tenant_core::{CachedRegistry, SqlRegistry, SqlSession, TenantKey};
/// # fn f(session: impl SqlSession + 'static, listening: impl SqlSession + 'static) {
/// let registry = CachedRegistry::new(SqlRegistry::new(session).key(TenantKey::Uuid));
/// // A session of its own, with the `…_registry` login; not through a pooler.
/// tokio::spawn(registry.watch(listening));
/// # }
/// ```
#[derive(Clone)]
pub struct CachedRegistry {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Box<dyn TenantRegistry>,
    generations: Generations,
    records: Answers<(Generation, TenantId), Option<TenantRecord>>,
    members: Answers<(Generation, TenantId, String), bool>,
    slugs: Answers<String, Slug>,
    ttl: Duration,
    heartbeat: Duration,
    /// How many watchers hear.
    hearing: AtomicUsize,
}

/// Whom a slug led to. It may lead elsewhere by now, so it is held against the tenant's record.
#[derive(Clone)]
struct Slug {
    id: Option<TenantId>,
    /// The count of changes before the question: nobody's slug may be somebody's after any change.
    changes: u64,
}

impl CachedRegistry {
    /// Caches this registry, with the defaults of [`builder`](Self::builder).
    pub fn new(registry: impl TenantRegistry + 'static) -> Self {
        Self::builder(registry).build()
    }

    /// Caches this registry in another way.
    pub fn builder(registry: impl TenantRegistry + 'static) -> CachedRegistryBuilder {
        CachedRegistryBuilder::new(registry)
    }

    fn of(builder: CachedRegistryBuilder) -> Self {
        let CachedRegistryBuilder { registry, lifetimes, capacity, heartbeat } = builder;
        let inner = Inner {
            registry,
            generations: Generations::new(),
            records: Answers::new(capacity, lifetimes),
            members: Answers::new(capacity, lifetimes),
            slugs: Answers::new(capacity, lifetimes),
            ttl: lifetimes.yes,
            heartbeat,
            hearing: AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Forgets what it knows of this tenant and its members. Who asks from now on gets what the
    /// registry says from now on. Call it after a change of your own to see it in this process at
    /// once. A registry behind it that keeps answers itself is not told: see
    /// [`forget`](TenantRegistry::forget), which is what a notification does.
    pub fn invalidate(&self, id: &TenantId) {
        self.inner.generations.invalidate(id);
    }

    /// Forgets everything.
    pub fn invalidate_all(&self) {
        self.inner.generations.invalidate_all();
    }

    /// Listens for changes of tenants and members and forgets what has changed, so that a suspended
    /// tenant is refused at once. Spawn it; it never ends by itself, and makes a lost connection
    /// again. It needs a Tokio runtime with time.
    ///
    /// Whatever it may have missed, it forgets everything: when it begins to hear, and after every
    /// interruption. That it hears it knows from a heartbeat, a notification that it sends through the
    /// same session ([`heartbeat`](CachedRegistryBuilder::heartbeat)). While it is deaf, it says so
    /// once as a warning of `tracing` (target `tenant`), and the TTL alone limits how old an answer
    /// is.
    ///
    /// Dropping the future stops listening; what is cached stays until its TTL.
    ///
    /// # Authority
    /// Any login of the database can listen, and any can send: a notification makes the cache forget,
    /// and nothing else. The session must reach the server that the registry reads, and itself:
    /// behind `PgBouncer` in transaction mode nobody hears, and a replica lags behind what it hears.
    pub fn watch<S: SqlSession + 'static>(
        &self,
        session: S,
    ) -> impl Future<Output = Infallible> + Send + use<S> {
        watch::watch(self.clone(), session)
    }

    /// Whether a [`watch`](Self::watch) hears. If not, a change is noticed at the end of the TTL.
    pub fn is_watched(&self) -> bool {
        self.inner.hearing.load(SeqCst) > 0
    }

    /// How many answers are kept, of all kinds.
    pub async fn entries(&self) -> u64 {
        let Inner { records, members, slugs, .. } = &*self.inner;
        records.count().await + members.count().await + slugs.count().await
    }

    /// Asks, whatever is kept, and keeps whom the slug leads to.
    async fn find_by_slug_again(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        let (changes, asked) = (self.inner.generations.changes(), Instant::now());
        let found = self.inner.registry.find_by_slug(slug).await?;
        let kept = Slug { id: found.as_ref().map(|record| record.id.clone()), changes };
        self.inner.slugs.keep(slug.to_owned(), kept, asked, Slug::is_somebodys).await;
        Ok(found)
    }
}

impl Slug {
    fn is_somebodys(&self) -> bool {
        self.id.is_some()
    }
}

#[async_trait]
impl TenantRegistry for CachedRegistry {
    fn key(&self) -> Option<TenantKey> {
        self.inner.registry.key()
    }

    /// Dropping the future leaves the question to somebody else who waits for it.
    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        let Inner { registry, generations, records, .. } = &*self.inner;
        let key = (generations.of(id), id.clone());
        records.get(key, || registry.find(id), Option::is_some).await
    }

    /// What is kept is whom the slug leads to, and not that tenant's record, which is looked up by its
    /// id. A registry that finds tenants by another text than their record's slug is asked each time.
    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        let Inner { registry, generations, slugs, .. } = &*self.inner;
        if slug.len() > LONGEST_TEXT {
            return registry.find_by_slug(slug).await;
        }
        let now = generations.changes();
        let ask = move || async move {
            let changes = generations.changes();
            let id = registry.find_by_slug(slug).await?.map(|record| record.id);
            Ok(Slug { id, changes })
        };
        let found = slugs.get(slug.to_owned(), ask, Slug::is_somebodys).await?;
        match found.id {
            None if found.changes >= now => return Ok(None),
            Some(id) => {
                let record = self.find(&id).await?;
                if record.as_ref().is_some_and(|record| record.slug == slug) {
                    return Ok(record);
                }
            }
            None => {}
        }
        self.find_by_slug_again(slug).await
    }

    /// Dropping the future leaves the question to somebody else who waits for it.
    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        let Inner { registry, generations, members, .. } = &*self.inner;
        if user.len() > LONGEST_TEXT {
            return registry.is_member(id, user).await;
        }
        let key = (generations.of(id), id.clone(), user.to_owned());
        members.get(key, || registry.is_member(id, user), |is_member| *is_member).await
    }

    /// Also what the registry behind it keeps; where that cannot forget, this one has forgotten all
    /// the same.
    async fn forget(&self, id: Option<&TenantId>) -> Result<(), RegistryError> {
        let forgotten = self.inner.registry.forget(id).await;
        // After the other one, so that nothing old comes from there.
        match id {
            Some(id) => self.invalidate(id),
            None => self.invalidate_all(),
        }
        forgotten
    }
}

impl fmt::Debug for CachedRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedRegistry")
            .field("ttl", &self.inner.ttl)
            .field("is_watched", &self.is_watched())
            .finish_non_exhaustive()
    }
}

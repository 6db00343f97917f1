//! One kind of answers, each kept for its own time and asked for once at a time.

use std::{
    error::Error as StdError,
    fmt,
    hash::Hash,
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{Expiry, future::Cache, policy::EvictionPolicy};

use crate::RegistryError;

/// How long an answer is good for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetimes {
    pub(super) yes: Duration,
    pub(super) no: Duration,
}

#[derive(Clone)]
struct Answer<V> {
    value: V,
    /// From before the question: a slow registry makes an answer older, not fresher.
    asked: Instant,
    lifetime: Duration,
}

struct ByAnswer;

impl<K, V> Expiry<K, Answer<V>> for ByAnswer {
    fn expire_after_create(&self, _: &K, answer: &Answer<V>, _: Instant) -> Option<Duration> {
        Some(answer.lifetime.saturating_sub(answer.asked.elapsed()))
    }

    fn expire_after_update(
        &self,
        key: &K,
        answer: &Answer<V>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, answer, now)
    }
}

/// Bounded; the least recently used goes first, and so does what no generation asks for any more.
pub(super) struct Answers<K, V> {
    cache: Cache<K, Answer<V>>,
    lifetimes: Lifetimes,
}

impl<K, V> Answers<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(capacity: u64, lifetimes: Lifetimes) -> Self {
        let cache = Cache::builder()
            .max_capacity(capacity)
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(ByAnswer)
            .build();
        Self { cache, lifetimes }
    }

    /// The kept answer, for which nothing is set up; or the question is asked, by one of all who want to
    /// know. An error is told to these and not kept.
    pub(super) async fn get<F>(
        &self,
        key: K,
        ask: impl FnOnce() -> F + Send,
        is_yes: impl FnOnce(&V) -> bool + Send,
    ) -> Result<V, RegistryError>
    where
        F: Future<Output = Result<V, RegistryError>> + Send,
    {
        if let Some(answer) = self.cache.get(&key).await {
            return Ok(answer.value);
        }
        let asked = async {
            let asked = Instant::now();
            let value = ask().await?;
            Ok::<_, RegistryError>(self.answer(value, asked, is_yes))
        };
        // Apart, so that an answer from memory makes no room for it.
        match Box::pin(self.cache.try_get_with(key, asked)).await {
            Ok(answer) => Ok(answer.value),
            Err(error) => Err(Box::new(Shared(error))),
        }
    }

    pub(super) async fn keep(
        &self,
        key: K,
        value: V,
        asked: Instant,
        is_yes: impl FnOnce(&V) -> bool,
    ) {
        self.cache.insert(key, self.answer(value, asked, is_yes)).await;
    }

    fn answer(&self, value: V, asked: Instant, is_yes: impl FnOnce(&V) -> bool) -> Answer<V> {
        let lifetime = if is_yes(&value) { self.lifetimes.yes } else { self.lifetimes.no };
        Answer { value, asked, lifetime }
    }

    pub(super) async fn count(&self) -> u64 {
        self.cache.run_pending_tasks().await;
        self.cache.entry_count()
    }
}

/// One error for all who waited for the answer.
#[derive(Debug)]
struct Shared(Arc<RegistryError>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

//! Redis: three short scripts, each one round trip.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{
    Client, RedisError, RedisResult, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use uuid::Uuid;

use crate::Error;

/// A cache that takes longer is none.
const PATIENCE: Duration = Duration::from_millis(250);

/// Reads an entry and its words, and makes the words that are not there. The tenant's word lives
/// longer than anything that is kept under it.
const FIND: &str = "
    local all, own = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
    if not all then all = ARGV[1]; redis.call('SET', KEYS[1], all) end
    if not own then own = ARGV[1] end
    redis.call('SET', KEYS[2], own, 'PX', ARGV[2])
    return {all, own, redis.call('GET', KEYS[3])}
";

/// Keeps an entry, if nothing was forgotten since its question.
const KEEP: &str = "
    if redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('GET', KEYS[2]) == ARGV[2] then
        redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
    end
    return 0
";

/// Changes a word.
const FORGET: &str = "
    redis.call('SET', KEYS[1], ARGV[1])
    if ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
    return 0
";

/// The words that an answer is kept under.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) all: String,
    pub(super) own: String,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) words: Words,
    pub(super) entry: Option<String>,
}

pub(super) struct Server {
    pub(super) prefix: String,
    client: Client,
    /// Made in the first call, since it wants a runtime.
    connection: OnceLock<ConnectionManager>,
    is_away: AtomicBool,
}

impl Server {
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        let client = Client::open(url).map_err(|source| Error::Redis { source: source.into() })?;
        let prefix = "tenancy".to_owned();
        Ok(Self { prefix, client, connection: OnceLock::new(), is_away: AtomicBool::new(false) })
    }

    fn connection(&self) -> RedisResult<ConnectionManager> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(self.connection.get_or_init(|| made).clone())
    }

    /// What is kept; `None` while Redis is away.
    pub(super) async fn find(&self, id: &str, name: &str, ttl: Duration) -> Option<Found> {
        let run = async {
            let mut connection = self.connection()?;
            let [all, own, entry] = self.keys(id, name);
            let script = Script::new(FIND);
            let mut call = script.key(all);
            call.key(own).key(entry).arg(word()).arg(2 * millis(ttl));
            call.invoke_async::<(String, String, Option<String>)>(&mut connection).await
        };
        let (all, own, entry) = self.heard(run.await)?;
        Some(Found { words: Words { all, own }, entry })
    }

    /// Keeps an entry, or does not.
    pub(super) async fn keep(
        &self,
        id: &str,
        name: &str,
        words: &Words,
        entry: &str,
        lifetime: Duration,
    ) {
        let run = async {
            let mut connection = self.connection()?;
            let [all, own, key] = self.keys(id, name);
            let script = Script::new(KEEP);
            let mut call = script.key(all);
            call.key(own).key(key).arg(&words.all).arg(&words.own).arg(entry).arg(millis(lifetime));
            call.invoke_async::<()>(&mut connection).await
        };
        self.heard(run.await);
    }

    /// Changes the tenant's word, or everybody's.
    pub(super) async fn forget(&self, id: Option<&str>, ttl: Duration) -> Result<(), Error> {
        let run = async {
            let mut connection = self.connection()?;
            let script = Script::new(FORGET);
            let mut call = script.key(id.map_or_else(|| self.all(), |id| self.own(id)));
            call.arg(word()).arg(if id.is_some() { 2 * millis(ttl) } else { 0 });
            call.invoke_async::<()>(&mut connection).await
        };
        run.await.map_err(|source| Error::Redis { source: source.into() })
    }

    fn keys(&self, id: &str, name: &str) -> [String; 3] {
        [self.all(), self.own(id), format!("{}:entry:{name}", self.prefix)]
    }

    fn all(&self) -> String {
        format!("{}:all", self.prefix)
    }

    fn own(&self, id: &str) -> String {
        format!("{}:of:{id}", self.prefix)
    }

    /// Says once that it is away, and once that it is back.
    fn heard<T>(&self, result: Result<T, RedisError>) -> Option<T> {
        match result {
            Ok(value) => {
                if self.is_away.swap(false, Ordering::Relaxed) {
                    tracing::info!(target: "tenant", "the shared cache answers again");
                }
                Some(value)
            }
            Err(error) => {
                if !self.is_away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        target: "tenant", %error,
                        "the shared cache does not answer: the registry is asked each time; see \
                         whether Redis runs, and its address and password"
                    );
                }
                None
            }
        }
    }
}

/// Nobody can know it before it is there.
fn word() -> String {
    Uuid::new_v4().to_string()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

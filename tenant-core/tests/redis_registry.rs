//! The cache that a fleet shares, with a real Redis: `cargo test -p tenant-core --all-features --test
//! redis_registry -- --ignored`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tempfile::TempDir;
use tenant_core::{
    CachedRegistry, RedisRegistry, RegistryError, SealKey, SqlRegistry, SqlSession, Tenancy,
    TenantId, TenantKey, TenantRecord, TenantRegistry, TenantStatus,
};
use tokio::sync::Semaphore;

/// A Redis of its own, on a socket in a folder of its own.
struct Redis {
    folder: TempDir,
    process: Child,
}

impl Redis {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Self::run(&folder);
        let this = Self { folder, process };
        this.answers();
        this
    }

    fn run(folder: &TempDir) -> Child {
        let socket = folder.path().join("redis.sock");
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(socket)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// What `redis-cli` says.
    fn cli(&self, args: &[&str]) -> String {
        let said =
            Command::new("redis-cli").arg("-s").arg(self.socket()).args(args).output().unwrap();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    fn answers(&self) {
        let since = Instant::now();
        while self.cli(&["ping"]) != "PONG" {
            assert!(since.elapsed() < Duration::from_secs(10), "redis-server does not start");
            std::thread::yield_now();
        }
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // Left by a server that was killed.
        let _ = std::fs::remove_file(self.socket());
    }

    fn start_again(&mut self) {
        self.process = Self::run(&self.folder);
        self.answers();
    }

    /// The one entry that there is.
    fn entry(&self) -> String {
        let names = self.cli(&["keys", "*:entry:*"]);
        assert_eq!(names.lines().count(), 1, "{names}");
        names
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The registry behind: one tenant, whose members are those whose names begin with `a`.
#[derive(Clone)]
struct Behind {
    status: Arc<Mutex<TenantStatus>>,
    asked: Arc<AtomicUsize>,
    may_answer: Arc<Semaphore>,
}

impl Behind {
    fn new() -> Self {
        Self {
            status: Arc::default(),
            asked: Arc::default(),
            may_answer: Arc::new(Semaphore::new(1_000)),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    fn suspend(&self) {
        *self.status.lock().unwrap() = TenantStatus::Suspended;
    }
}

#[async_trait]
impl TenantRegistry for Behind {
    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        let status = *self.status.lock().unwrap();
        self.asked.fetch_add(1, SeqCst);
        self.may_answer.acquire().await?.forget();
        Ok((*id == tenant()).then(|| TenantRecord::new(id.clone(), "acme").status(status)))
    }

    async fn is_member(&self, _: &TenantId, user: &str) -> Result<bool, RegistryError> {
        self.asked.fetch_add(1, SeqCst);
        Ok(user.starts_with('a'))
    }
}

fn tenant() -> TenantId {
    TenantId::from(7)
}

fn key(byte: u8) -> SealKey {
    SealKey::new("cache1", vec![byte; 32]).unwrap()
}

fn shared(redis: &Redis, behind: &Behind) -> RedisRegistry {
    RedisRegistry::new(behind.clone(), &redis.url(), key(1)).unwrap()
}

async fn status(registry: &impl TenantRegistry) -> TenantStatus {
    registry.find(&tenant()).await.unwrap().unwrap().status
}

#[tokio::test]
#[ignore = "wants redis-server: cargo test -p tenant-core --all-features --test redis_registry -- --ignored"]
async fn what_one_process_asked_another_need_not_ask() {
    let (redis, behind) = (Redis::start(), Behind::new());
    let (one, other) = (shared(&redis, &behind), shared(&redis, &behind));
    for registry in [&one, &other, &one] {
        assert_eq!(status(registry).await, TenantStatus::Active);
        assert!(registry.is_member(&tenant(), "alice").await.unwrap());
        assert!(!registry.is_member(&tenant(), "bob").await.unwrap());
        assert!(registry.find(&TenantId::from(8)).await.unwrap().is_none());
    }
    assert_eq!(behind.asked(), 4);
    let twin = shared(&redis, &behind).prefix("another");
    status(&twin).await;
    assert_eq!(behind.asked(), 5);
}

#[tokio::test]
#[ignore = "wants redis-server: cargo test -p tenant-core --all-features --test redis_registry -- --ignored"]
async fn what_is_forgotten_is_asked_again_by_everybody_and_others_are_kept() {
    let (redis, behind) = (Redis::start(), Behind::new());
    let (one, other) = (shared(&redis, &behind), CachedRegistry::new(shared(&redis, &behind)));
    status(&one).await;
    status(&other).await;
    other.find(&TenantId::from(8)).await.unwrap();
    behind.suspend();
    assert_eq!(
        (status(&one).await, status(&other).await),
        (TenantStatus::Active, TenantStatus::Active)
    );
    other.forget(Some(&tenant())).await.unwrap();
    assert_eq!(
        (status(&one).await, status(&other).await),
        (TenantStatus::Suspended, TenantStatus::Suspended)
    );
    assert_eq!(behind.asked(), 3);
    other.find(&TenantId::from(8)).await.unwrap();
    assert_eq!(behind.asked(), 3);
    one.forget(None).await.unwrap();
    status(&one).await;
    one.find(&TenantId::from(8)).await.unwrap();
    assert_eq!(behind.asked(), 5);
}

/// The question began before the change and ends after it was heard of.
#[tokio::test]
#[ignore = "wants redis-server: cargo test -p tenant-core --all-features --test redis_registry -- --ignored"]
async fn an_answer_that_was_under_way_is_not_kept() {
    let (redis, behind) = (Redis::start(), Behind::new());
    behind.may_answer.forget_permits(1_000);
    let (slow, other) = (Arc::new(shared(&redis, &behind)), shared(&redis, &behind));
    let question = tokio::spawn({
        let slow = slow.clone();
        async move { status(&*slow).await }
    });
    while behind.asked() == 0 {
        tokio::task::yield_now().await;
    }
    behind.suspend();
    other.forget(Some(&tenant())).await.unwrap();
    behind.may_answer.add_permits(10);
    assert_eq!(question.await.unwrap(), TenantStatus::Active);
    assert_eq!(status(&other).await, TenantStatus::Suspended);
    assert_eq!(status(&*slow).await, TenantStatus::Suspended);
}

#[tokio::test]
#[ignore = "wants redis-server: cargo test -p tenant-core --all-features --test redis_registry -- --ignored"]
async fn who_can_write_to_the_redis_lets_nobody_in() {
    let (redis, behind) = (Redis::start(), Behind::new());
    let registry = shared(&redis, &behind);
    assert!(!registry.is_member(&tenant(), "mallory").await.unwrap());
    let no = redis.entry();
    redis.cli(&["set", &no, "00|0|true"]);
    assert!(!registry.is_member(&tenant(), "mallory").await.unwrap());
    assert_eq!(behind.asked(), 2);

    // Somebody else's true answer under this name.
    redis.cli(&["del", &no]);
    assert!(registry.is_member(&tenant(), "alice").await.unwrap());
    let yes = redis.cli(&["get", &redis.entry()]);
    redis.cli(&["set", &no, &yes]);
    assert!(!registry.is_member(&tenant(), "mallory").await.unwrap());

    // What another key signed.
    redis.cli(&["flushall"]);
    let forger = RedisRegistry::new(Behind::new(), &redis.url(), key(2)).unwrap();
    status(&forger).await;
    behind.suspend();
    assert_eq!(status(&registry).await, TenantStatus::Suspended);

    // What was true before it was forgotten.
    redis.cli(&["flushall"]);
    *behind.status.lock().unwrap() = TenantStatus::Active;
    status(&registry).await;
    let (name, old) = (redis.entry(), redis.cli(&["get", &redis.entry()]));
    behind.suspend();
    registry.forget(Some(&tenant())).await.unwrap();
    redis.cli(&["set", &name, &old]);
    assert_eq!(status(&registry).await, TenantStatus::Suspended);
}

#[tokio::test]
#[ignore = "wants redis-server: cargo test -p tenant-core --all-features --test redis_registry -- --ignored"]
async fn without_redis_the_registry_is_asked_and_nothing_is_said_to_be_forgotten() {
    let (mut redis, behind) = (Redis::start(), Behind::new());
    let registry = shared(&redis, &behind);
    status(&registry).await;
    redis.stop();
    behind.suspend();
    assert_eq!(status(&registry).await, TenantStatus::Suspended);
    let error = registry.forget(None).await.unwrap_err();
    assert!(error.to_string().contains("see whether it runs"), "{error}");
    redis.start_again();
    // The client makes its connection again in the background.
    let since = Instant::now();
    while registry.forget(None).await.is_err() {
        assert!(since.elapsed() < Duration::from_secs(10), "Redis is back and not found");
        tokio::task::yield_now().await;
    }
    let before = behind.asked();
    status(&registry).await;
    status(&registry).await;
    assert_eq!(behind.asked(), before + 1);
}

#[tokio::test]
#[ignore = "wants redis-server: cargo test -p tenant-core --all-features --test redis_registry -- --ignored"]
async fn what_redis_lost_its_words_for_is_lost() {
    let (redis, behind) = (Redis::start(), Behind::new());
    let registry = shared(&redis, &behind);
    status(&registry).await;
    behind.suspend();
    redis.cli(&["del", "tenancy:of:7"]);
    assert_eq!(status(&registry).await, TenantStatus::Suspended);
}

#[test]
fn an_address_that_is_none_is_told() {
    let error = RedisRegistry::new(Behind::new(), "localhost:6379", key(1)).unwrap_err();
    assert!(error.to_string().contains("redis://host/0"), "{error}");
}

static TENANCY: LazyLock<Tenancy> = LazyLock::new(|| Tenancy::new(TenantKey::Uuid));

/// `docs/registry.md` quotes this.
#[allow(dead_code, reason = "compiled and never run")]
fn shared_by_a_fleet(
    session: impl SqlSession + 'static,
    listening: impl SqlSession + 'static,
) -> Result<(), Box<dyn std::error::Error>> {
    // the same key in all processes
    let key = SealKey::from_hex("cache1", &std::env::var("TENANT_CACHE_KEY")?)?;
    let database = SqlRegistry::new(session).key(TENANCY.key());
    let shared = RedisRegistry::new(database, "redis://cache:6379/0", key)?;
    let registry = CachedRegistry::new(shared);
    tokio::spawn(registry.watch(listening));
    Ok(())
}

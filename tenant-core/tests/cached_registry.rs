//! The cache's own rules, with a registry that answers when the test says so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use tenant_core::{
    CachedRegistry, Principal, RegistryError, TenantId, TenantRecord, TenantRegistry, TenantScope,
    TenantStatus, VerifyError,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::yield_now,
};

/// Answers with what was so when it was asked, and not before it may.
#[derive(Clone)]
struct Slow {
    state: Arc<Mutex<Vec<TenantRecord>>>,
    asked: Arc<AtomicUsize>,
    /// Every question, as it begins.
    begun: mpsc::UnboundedSender<()>,
    may_answer: Arc<Semaphore>,
    fails: Arc<Mutex<bool>>,
}

impl Slow {
    fn new() -> (Self, mpsc::UnboundedReceiver<()>) {
        let (begun, questions) = mpsc::unbounded_channel();
        let state = Arc::new(Mutex::new(vec![TenantRecord::new(1, "acme")]));
        let this = Self {
            state,
            asked: Arc::default(),
            begun,
            may_answer: Arc::new(Semaphore::new(0)),
            fails: Arc::default(),
        };
        (this, questions)
    }

    /// From now on it answers at once.
    fn quick(self) -> Self {
        self.may_answer.add_permits(1_000_000);
        self
    }

    fn set(&self, record: TenantRecord) {
        let mut state = self.state.lock().unwrap();
        state.retain(|r| r.id != record.id);
        state.push(record);
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    async fn answer<T>(&self, read: impl FnOnce(&[TenantRecord]) -> T) -> Result<T, RegistryError> {
        self.asked.fetch_add(1, SeqCst);
        let answer = read(&self.state.lock().unwrap());
        let _ = self.begun.send(());
        self.may_answer.acquire().await?.forget();
        if *self.fails.lock().unwrap() { Err("it is down".into()) } else { Ok(answer) }
    }
}

#[async_trait]
impl TenantRegistry for Slow {
    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        self.answer(|state| state.iter().find(|r| r.id == *id).cloned()).await
    }

    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        self.answer(|state| state.iter().find(|r| r.slug == slug).cloned()).await
    }

    async fn is_member(&self, _: &TenantId, user: &str) -> Result<bool, RegistryError> {
        self.answer(|_| user == "alice").await
    }
}

async fn verify(registry: &CachedRegistry) -> Result<(), VerifyError> {
    TenantScope::claim(1, Principal::Token).verify(registry).await.map(drop)
}

fn suspended() -> TenantRecord {
    TenantRecord::new(1, "acme").status(TenantStatus::Suspended)
}

#[tokio::test]
async fn who_comes_after_a_change_is_not_handed_what_was_asked_before_it() {
    let (slow, mut questions) = Slow::new();
    let registry = CachedRegistry::new(slow.clone());
    let before = tokio::spawn({
        let registry = registry.clone();
        async move { verify(&registry).await }
    });
    // The question is under way and has seen an active tenant.
    questions.recv().await.unwrap();
    slow.set(suspended());
    registry.invalidate(&1.into());
    let after = tokio::spawn({
        let registry = registry.clone();
        async move { verify(&registry).await }
    });
    // It asks again, although the first question is not answered yet.
    questions.recv().await.unwrap();
    slow.may_answer.add_permits(2);
    before.await.unwrap().unwrap();
    assert!(matches!(after.await.unwrap(), Err(VerifyError::Suspended(_))));
    // And what is kept is the second answer.
    assert!(matches!(verify(&registry).await, Err(VerifyError::Suspended(_))));
    assert_eq!(slow.asked(), 2);
}

#[tokio::test]
async fn an_answer_that_comes_after_a_change_is_not_kept() {
    for everything in [false, true] {
        let (slow, mut questions) = Slow::new();
        let registry = CachedRegistry::new(slow.clone());
        let before = tokio::spawn({
            let registry = registry.clone();
            async move { verify(&registry).await }
        });
        questions.recv().await.unwrap();
        slow.set(suspended());
        if everything {
            registry.invalidate_all();
        } else {
            registry.invalidate(&1.into());
        }
        slow.may_answer.add_permits(2);
        before.await.unwrap().unwrap();
        assert!(matches!(verify(&registry).await, Err(VerifyError::Suspended(_))));
    }
}

/// The twin: without the change being told, the old answer is served.
#[tokio::test]
async fn without_being_told_the_old_answer_stays() {
    let (slow, _questions) = Slow::new();
    let slow = slow.quick();
    let registry = CachedRegistry::new(slow.clone());
    verify(&registry).await.unwrap();
    slow.set(suspended());
    verify(&registry).await.unwrap();
    registry.invalidate(&1.into());
    assert!(verify(&registry).await.is_err());
}

#[tokio::test]
async fn a_hundred_who_want_to_know_are_one_question() {
    let (slow, mut questions) = Slow::new();
    let registry = CachedRegistry::new(slow.clone());
    let all = tokio::spawn({
        let registry = registry.clone();
        async move { join_all((0..100).map(|_| verify(&registry))).await }
    });
    questions.recv().await.unwrap();
    // Who waits and gives up leaves the others their answer.
    let gone = tokio::spawn({
        let registry = registry.clone();
        async move { verify(&registry).await }
    });
    yield_now().await;
    gone.abort();
    slow.may_answer.add_permits(1);
    assert!(all.await.unwrap().iter().all(Result::is_ok));
    assert_eq!(slow.asked(), 1);
}

#[tokio::test]
async fn who_asked_and_gave_up_leaves_the_question_to_who_waits() {
    let (slow, mut questions) = Slow::new();
    let registry = CachedRegistry::new(slow.clone());
    let mut both = (0..2).map(|_| {
        let registry = registry.clone();
        tokio::spawn(async move { verify(&registry).await })
    });
    let (first, second) = (both.next().unwrap(), both.next().unwrap());
    questions.recv().await.unwrap();
    first.abort();
    questions.recv().await.unwrap();
    slow.may_answer.add_permits(1);
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_error_is_not_kept_and_says_what_it_said() {
    let (slow, _questions) = Slow::new();
    let slow = slow.quick();
    let registry = CachedRegistry::new(slow.clone());
    *slow.fails.lock().unwrap() = true;
    let error = verify(&registry).await.unwrap_err();
    assert!(error.to_string().contains("it is down"), "{error}");
    *slow.fails.lock().unwrap() = false;
    verify(&registry).await.unwrap();
}

#[tokio::test]
async fn that_there_is_none_is_believed_for_a_moment_only() {
    let (slow, _questions) = Slow::new();
    let slow = slow.quick();
    let registry =
        CachedRegistry::builder(slow.clone()).negative_ttl(Duration::from_millis(50)).build();
    let two = TenantId::from(2);
    assert_eq!(registry.find(&two).await.unwrap(), None);
    assert_eq!(registry.find_by_slug("late").await.unwrap(), None);
    assert!(!registry.is_member(&1.into(), "bob").await.unwrap());
    slow.set(TenantRecord::new(2, "late"));
    let begun = std::time::Instant::now();
    while registry.find(&two).await.unwrap().is_none()
        || registry.find_by_slug("late").await.unwrap().is_none()
    {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is believed for too long");
        yield_now().await;
    }
    // What there is stays.
    slow.set(TenantRecord::new(2, "renamed"));
    assert_eq!(registry.find(&two).await.unwrap().unwrap().slug, "late");
}

#[tokio::test]
async fn a_slug_leads_to_whoever_has_it_now() {
    let (slow, _questions) = Slow::new();
    let slow = slow.quick();
    let registry = CachedRegistry::new(slow.clone());
    assert_eq!(registry.find_by_slug("acme").await.unwrap().unwrap().id, 1.into());
    assert_eq!(registry.find_by_slug("late").await.unwrap(), None);
    let asked = slow.asked();
    assert_eq!(registry.find_by_slug("acme").await.unwrap().unwrap().id, 1.into());
    assert_eq!(registry.find_by_slug("late").await.unwrap(), None);
    assert_eq!(slow.asked(), asked, "it is kept");
    // Suspended: the slug leads to what the record says now.
    slow.set(suspended());
    registry.invalidate(&1.into());
    let found = registry.find_by_slug("acme").await.unwrap().unwrap();
    assert_eq!(found.status, TenantStatus::Suspended);
    // Renamed, and another one has the name now.
    slow.set(TenantRecord::new(1, "old"));
    slow.set(TenantRecord::new(2, "acme"));
    registry.invalidate(&1.into());
    registry.invalidate(&2.into());
    assert_eq!(registry.find_by_slug("acme").await.unwrap().unwrap().id, 2.into());
    assert_eq!(registry.find_by_slug("old").await.unwrap().unwrap().id, 1.into());
    // What was nobody's a moment ago is somebody's.
    slow.set(TenantRecord::new(3, "late"));
    registry.invalidate(&3.into());
    assert_eq!(registry.find_by_slug("late").await.unwrap().unwrap().id, 3.into());
}

#[tokio::test]
async fn strangers_questions_fill_no_memory() {
    let (slow, _questions) = Slow::new();
    let slow = slow.quick();
    let registry = CachedRegistry::builder(slow.clone()).capacity(10).build();
    for at in 2..1000 {
        registry.find(&at.into()).await.unwrap();
        registry.find_by_slug(&format!("tenant-{at}")).await.unwrap();
        registry.is_member(&1.into(), &format!("user-{at}")).await.unwrap();
        registry.invalidate(&at.into());
        registry.invalidate_all();
    }
    assert!(registry.entries().await <= 30, "{}", registry.entries().await);
    registry.invalidate_all();
    let (asked, long) = (slow.asked(), "x".repeat(1_000_000));
    for _ in 0..2 {
        registry.find_by_slug(&long).await.unwrap();
        registry.is_member(&1.into(), &long).await.unwrap();
    }
    assert_eq!(slow.asked(), asked + 4, "what is long is not kept");
}

#[tokio::test]
async fn a_membership_is_kept_per_user_and_forgotten_with_its_tenant() {
    let (slow, _questions) = Slow::new();
    let slow = slow.quick();
    let registry = CachedRegistry::new(slow.clone());
    for _ in 0..3 {
        assert!(registry.is_member(&1.into(), "alice").await.unwrap());
        assert!(!registry.is_member(&1.into(), "bob").await.unwrap());
    }
    assert_eq!(slow.asked(), 2);
    registry.invalidate(&1.into());
    assert!(registry.is_member(&1.into(), "alice").await.unwrap());
    assert_eq!(slow.asked(), 3);
}

//! A key set that changes, is slow, is down, or is asked for too often. The clock is the tests' own.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use serde_json::{Value, json};
use tenant_axum::{Jwks, JwtAlgorithm};
use tokio::{
    sync::Semaphore,
    time::{advance, pause},
};

use crate::{
    fixture::{app, layer, send, status, tokens, with},
    signer::{Pair, claims, ed},
};

/// What an identity provider publishes, and how often it was asked.
struct Provider {
    set: Mutex<Option<Value>>,
    fetched: AtomicUsize,
    /// As many answers as it gives.
    answers: Semaphore,
}

impl Provider {
    fn new(keys: &[(&Pair, &str)]) -> Arc<Self> {
        pause();
        let answers = Semaphore::new(Semaphore::MAX_PERMITS);
        let provider = Self { set: Mutex::default(), fetched: AtomicUsize::new(0), answers };
        provider.publish(keys);
        Arc::new(provider)
    }

    fn publish(&self, keys: &[(&Pair, &str)]) {
        let keys: Vec<Value> = keys.iter().map(|(pair, kid)| pair.jwk(kid)).collect();
        *self.set.lock().unwrap() = Some(json!({ "keys": keys }));
    }

    fn is_down(&self) {
        *self.set.lock().unwrap() = None;
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    fn keys(self: &Arc<Self>) -> Jwks {
        let provider = Arc::clone(self);
        Jwks::new([JwtAlgorithm::EdDsa], move || {
            let provider = Arc::clone(&provider);
            async move {
                provider.fetched.fetch_add(1, Ordering::SeqCst);
                provider.answers.acquire().await.unwrap().forget();
                let set = provider.set.lock().unwrap();
                set.as_ref().map(|set| set.to_string().into_bytes()).ok_or("it is down")
            }
        })
        .unwrap()
    }

    fn app(self: &Arc<Self>) -> Router {
        app(layer().authenticate(tokens(self.keys())))
    }
}

fn token(pair: &Pair, kid: &str) -> String {
    let mut claims = claims();
    claims["exp"] = (crate::signer::now() + 1_000_000).into();
    pair.sign(&json!({"alg": "EdDSA", "kid": kid}), &claims)
}

#[tokio::test]
async fn a_set_is_fetched_once_and_kept() {
    let pair = ed();
    let provider = Provider::new(&[(&pair, "a")]);
    let app = provider.app();
    for _ in 0..20 {
        assert_eq!(status(&app, &token(&pair, "a")).await, 200);
    }
    assert_eq!(status(&app, &pair.token(&claims())).await, 200, "a token may name no key");
    assert_eq!(provider.fetched(), 1);
}

#[tokio::test]
async fn a_new_key_is_picked_up_with_the_first_token_that_names_it() {
    let (old, new) = (ed(), ed());
    let provider = Provider::new(&[(&old, "old")]);
    let app = provider.app();
    assert_eq!(status(&app, &token(&old, "old")).await, 200);
    provider.publish(&[(&old, "old"), (&new, "new")]);
    advance(Duration::from_secs(11)).await;
    assert_eq!(status(&app, &token(&new, "new")).await, 200);
    assert_eq!(status(&app, &token(&old, "old")).await, 200);
    assert_eq!(provider.fetched(), 2);
}

/// Attack (requests): a token under a key that was withdrawn.
#[tokio::test]
async fn a_key_that_was_removed_is_refused_once_the_set_is_old() {
    let (old, new) = (ed(), ed());
    let provider = Provider::new(&[(&old, "old"), (&new, "new")]);
    let app = provider.app();
    assert_eq!(status(&app, &token(&old, "old")).await, 200);
    provider.publish(&[(&new, "new")]);
    advance(Duration::from_secs(299)).await;
    assert_eq!(status(&app, &token(&old, "old")).await, 200, "the twin: not yet");
    advance(Duration::from_secs(2)).await;
    assert_eq!(status(&app, &token(&old, "old")).await, 401);
    assert_eq!(status(&app, &token(&new, "new")).await, 200);
    assert_eq!(provider.fetched(), 2);
}

/// Attack (requests): a flood of key ids that nobody has, to make a flood of fetches.
#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_in_an_interval() {
    let (pair, stranger) = (ed(), ed());
    let provider = Provider::new(&[(&pair, "a")]);
    let app = provider.app();
    assert_eq!(status(&app, &token(&pair, "a")).await, 200);
    for interval in 1..4 {
        advance(Duration::from_secs(10)).await;
        for n in 0..50 {
            let unknown = token(&stranger, &format!("random-{interval}-{n}"));
            assert_eq!(status(&app, &unknown).await, 401);
            assert_eq!(status(&app, &token(&pair, "a")).await, 200);
        }
        assert_eq!(provider.fetched(), 1 + interval);
    }
}

#[tokio::test]
async fn a_hundred_requests_at_once_make_one_fetch() {
    let pair = ed();
    let provider = Provider::new(&[(&pair, "a")]);
    let app = provider.app();
    let requests = (0..100).map(|_| {
        let (app, token) = (app.clone(), token(&pair, "a"));
        tokio::spawn(async move { status(&app, &token).await })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(provider.fetched(), 1);
}

#[tokio::test]
async fn a_provider_that_is_down_leaves_the_old_set_for_a_day_and_then_503() {
    let pair = ed();
    let provider = Provider::new(&[(&pair, "a")]);
    let app = provider.app();
    assert_eq!(status(&app, &token(&pair, "a")).await, 200);
    provider.is_down();
    advance(Duration::from_hours(1)).await;
    for _ in 0..10 {
        assert_eq!(status(&app, &token(&pair, "a")).await, 200);
    }
    assert_eq!(provider.fetched(), 2, "it is not asked for each request");
    assert_eq!(status(&app, &token(&ed(), "b")).await, 401);
    advance(Duration::from_hours(24)).await;
    let answer = send(&app, with(&token(&pair, "a"), "/x")).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable".into()));
    provider.publish(&[(&pair, "a")]);
    advance(Duration::from_secs(1)).await;
    assert_eq!(status(&app, &token(&pair, "a")).await, 200, "it is back at once");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_ends_with_the_timeout() {
    let pair = ed();
    let provider = Provider::new(&[(&pair, "a")]);
    let app = provider.app();
    provider.answers.forget_permits(Semaphore::MAX_PERMITS);
    // Nothing else is to do, so the clock jumps to the timeout.
    assert_eq!(status(&app, &token(&pair, "a")).await, 503);
}

/// Attack (requests): a client that asks for a key set and hangs up, each time, so that nobody gets one.
#[tokio::test]
async fn a_client_that_hangs_up_does_not_end_the_fetch() {
    let pair = ed();
    let provider = Provider::new(&[(&pair, "a")]);
    let app = provider.app();
    provider.answers.forget_permits(Semaphore::MAX_PERMITS);
    let token = token(&pair, "a");
    {
        let mut request = std::pin::pin!(status(&app, &token));
        while provider.fetched() == 0 {
            tokio::select! {
                biased;
                _ = &mut request => panic!("nobody has answered"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    provider.answers.add_permits(1);
    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(provider.fetched(), 1, "the one that was begun by who hung up");
}

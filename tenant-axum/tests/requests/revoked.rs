//! What was in order when it was given out, and is not any more.

use std::sync::Arc;

use serde_json::json;
use tenant_axum::TenantLayer;
use tenant_core::{StaticRegistry, TenantRecord};

use crate::{
    fixture::{app, layer, send, status, tokens, with},
    signer::{HMAC, but, claims},
};

fn at(epoch: Option<i64>) -> String {
    let mut claims = but("app", json!({"tenant": 13}));
    if let Some(epoch) = epoch {
        claims["tenant_epoch"] = epoch.into();
    }
    HMAC.token(&claims)
}

/// Attack (requests): a token of before the tenant's epoch was raised.
#[tokio::test]
async fn a_token_of_an_earlier_epoch_is_refused_and_so_is_one_without() {
    let app = app(layer().authenticate(tokens(HMAC.key())));
    for (epoch, expected) in
        [(None, 401), (Some(0), 401), (Some(2), 401), (Some(3), 200), (Some(4), 200)]
    {
        let answer = send(&app, with(&at(epoch), "/x")).await;
        assert_eq!(answer.status, expected, "{epoch:?}");
        if expected == 401 {
            assert_eq!(answer.problem(), "invalid-credentials");
        }
    }
}

#[tokio::test]
async fn twin_unchecked_epochs_revoke_nothing_and_a_claim_of_ones_own_is_read() {
    let resolver = tokens(HMAC.key()).epoch_unchecked("a test");
    assert_eq!(status(&app(layer().authenticate(resolver)), &at(Some(2))).await, 200);
    let resolver = tokens(HMAC.key()).epoch_claim(["app", "epoch"]).unwrap();
    let app = app(layer().authenticate(resolver));
    let token = |epoch: i64| HMAC.token(&but("app", json!({"tenant": 13, "epoch": epoch})));
    assert_eq!(status(&app, &token(3)).await, 200);
    assert_eq!(status(&app, &token(2)).await, 401);
}

/// Attack (requests): a token of a member who is one no longer.
#[tokio::test]
async fn a_membership_that_was_removed_ends_a_token_that_still_holds() {
    let registry = || StaticRegistry::new([TenantRecord::new(7, "acme")]);
    let token = HMAC.token(&claims());
    for (registry, expected) in [(registry().member(7, "alice"), 200), (registry(), 403)] {
        let layer = TenantLayer::new(Arc::new(registry)).authenticate(tokens(HMAC.key()));
        assert_eq!(status(&app(layer), &token).await, expected);
    }
    // What a trusted token gives up.
    let trusting = tokens(HMAC.key()).trust_token_unchecked("a test");
    let layer = TenantLayer::new(Arc::new(registry())).authenticate(trusting);
    assert_eq!(status(&app(layer), &token).await, 200);
}

//! The table of statuses in `docs/requests.md`.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tenant_axum::{By, PathResolver, TenantLayer};

use crate::{
    fixture::{Counted, app, layer, plain, send, tokens, with},
    signer::{HMAC, but},
};

fn user() -> String {
    HMAC.token(&but("app", Value::Null))
}

fn slugs(layer: TenantLayer) -> axum::Router {
    let layer = layer.authenticate(tokens(HMAC.key()));
    app(layer.locate(PathResolver::parameter("tenant", By::Slug)))
}

#[tokio::test]
async fn each_state_of_a_tenant_has_its_answer_for_a_member() {
    for (id, slug, status, problem) in [
        (7, "acme", 200, ""),
        (8, "bolt", 403, "forbidden"),
        (9, "shut", 403, "suspended"),
        (10, "busy", 503, "maintenance"),
        (11, "gone", 404, "unknown"),
        (12, "spare", 404, "unknown"),
        (99, "nobody", 404, "unknown"),
    ] {
        let app = slugs(layer().retry_after(Duration::from_secs(77)));
        let by_path = send(&app, with(&user(), &format!("/t/{slug}/x"))).await;
        let claimed = HMAC.token(&but("app", json!({"tenant": id})));
        for answer in [by_path, send(&app, with(&claimed, "/x")).await] {
            assert_eq!(answer.status, status, "{slug}");
            if status == 200 {
                continue;
            }
            assert_eq!(answer.problem(), problem, "{slug}");
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
            if status == 503 {
                assert_eq!(answer.headers["retry-after"], "77");
            }
            for secret in [slug, &id.to_string(), "alice"] {
                assert!(!answer.body.contains(secret) || secret == "10", "{}", answer.body);
            }
            assert_eq!(
                answer.body.matches("\":").count(),
                3,
                "type, title, status: {}",
                answer.body
            );
        }
    }
}

/// Attack (requests): finding out which tenants there are.
#[tokio::test]
async fn a_stranger_is_told_nothing_and_a_signed_in_one_as_much_as_one_decides() {
    let mallory = HMAC.token(&{
        let mut claims = but("app", Value::Null);
        claims["sub"] = "mallory".into();
        claims
    });
    let (open, hidden) = (slugs(layer()), slugs(layer().hide_foreign()));
    let mut told = Vec::new();
    for slug in ["acme", "shut", "busy", "gone", "nobody", "..%2f", "%ff"] {
        let path = format!("/t/{slug}/x");
        let answer = send(&open, plain(&path)).await;
        assert_eq!((answer.status, answer.problem()), (401, "unauthenticated".into()), "{slug}");
        told.push(answer.body);
        if slug.contains('%') {
            continue;
        }
        // A foreign tenant's state is not told: not a member comes before suspended.
        let foreign = if slug == "nobody" { 404 } else { 403 };
        assert_eq!(send(&open, with(&mallory, &path)).await.status, foreign, "{slug}");
        let answer = send(&hidden, with(&mallory, &path)).await;
        assert_eq!((answer.status, answer.problem()), (404, "unknown".into()), "{slug}");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // The twin: a member is told.
    assert_eq!(send(&hidden, with(&user(), "/t/acme/x")).await.status, 200);
    assert_eq!(send(&hidden, with(&user(), "/t/shut/x")).await.status, 403);
}

#[tokio::test]
async fn who_has_not_signed_in_makes_nobody_ask_the_registry() {
    let registry = Counted::new(false);
    let app = slugs(TenantLayer::new(Arc::clone(&registry) as _));
    let expired = HMAC.token(&but("exp", 1));
    for request in
        [plain("/t/acme/x"), with(&expired, "/t/acme/x"), with("x.y.z", "/x"), with("", "/x")]
    {
        assert_eq!(send(&app, request).await.status, 401);
    }
    // Nor do two tenants in one request, told by slugs.
    assert_eq!(registry.asked(), 0);
    assert_eq!(send(&app, with(&user(), "/t/acme/x")).await.status, 200);
    assert!(registry.asked() > 0);
}

#[tokio::test]
async fn a_registry_that_is_down_is_503_and_its_words_stay_inside() {
    let app = slugs(TenantLayer::new(Counted::new(true)));
    let claimed = HMAC.token(&but("app", json!({"tenant": 7})));
    for request in [with(&user(), "/t/acme/x"), with(&claimed, "/x")] {
        let answer = send(&app, request).await;
        assert_eq!((answer.status, answer.problem()), (503, "unavailable".into()));
        assert_eq!(answer.headers["retry-after"], "30");
        assert!(!answer.body.contains("secret-host"), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_applications_own_words_replace_ours_and_not_the_status() {
    let app = slugs(layer().problem(|refusal, problem| {
        assert_eq!(problem.status(), refusal.status());
        problem
            .with_kind("https://example.com/problems/login")
            .with_title("Bitte anmelden")
            .with_member("instance", "/t/acme/x")
            .with_member("status", 200)
    }));
    let answer = send(&app, plain("/t/acme/x")).await;
    assert_eq!(answer.status, 401);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let expected = json!({
        "type": "https://example.com/problems/login", "title": "Bitte anmelden", "status": 401,
        "instance": "/t/acme/x",
    });
    assert_eq!(body, expected);
}

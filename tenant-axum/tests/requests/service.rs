//! The service around the handler: the extractor, other bodies than axum's.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{Request, Response},
    routing::get,
};
use tenant_axum::{By, PathResolver, Tenant, TenantLayer};
use tenant_core::{TenantScope, Verified};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    fixture::{app, layer, plain, send, tokens, with},
    signer::{HMAC, claims},
};

fn signed_in() -> TenantLayer {
    layer().authenticate(tokens(HMAC.key()))
}

#[tokio::test]
async fn a_handler_outside_of_the_layer_answers_500_to_whoever_forgot_it() {
    let handler = get(async |tenant: Tenant| tenant.id().to_string());
    let app = Router::new()
        .route("/x", handler.clone())
        .layer(signed_in())
        .route("/forgotten", handler)
        .route("/public", get(async || "well"));
    let token = HMAC.token(&claims());
    let status =
        async |path: &str| app.clone().oneshot(with(&token, path)).await.unwrap().status().as_u16();
    assert_eq!(status("/x").await, 200);
    assert_eq!(status("/forgotten").await, 500);
    assert_eq!(status("/public").await, 200);
}

#[tokio::test]
async fn a_layer_without_anybody_who_knows_who_asks_lets_nobody_in() {
    let answer = app(layer()).oneshot(plain("/x")).await.unwrap();
    assert_eq!(answer.status(), 500);
}

#[tokio::test]
async fn a_path_of_no_route_is_404_and_not_somebodys_mistake() {
    let parameter = || PathResolver::parameter("tenant", By::Slug);
    let inside = app(signed_in().locate(parameter()));
    let token = HMAC.token(&claims());
    for (path, status) in [("/t/acme/x", 200), ("/t/acme/y", 404), ("/t/bolt/y", 404), ("/", 404)] {
        assert_eq!(send(&inside, with(&token, path)).await.status, status, "{path}");
        assert_eq!(send(&inside, plain(path)).await.status, 401, "{path}");
    }
    // A layer outside of the router sees no parameter: nothing gets through it.
    let router = Router::new().route("/t/{tenant}/x", get(async || "reached"));
    let outside = signed_in().locate(parameter()).layer(router);
    assert_eq!(outside.oneshot(with(&token, "/t/acme/x")).await.unwrap().status(), 404);
}

/// A service whose bodies are texts, and which axum has never seen.
#[tokio::test]
async fn any_service_over_http_will_do() {
    let inner = service_fn(|request: Request<Vec<u8>>| async move {
        let scope = request.extensions().get::<TenantScope<Verified>>().unwrap().clone();
        Ok::<_, Infallible>(Response::new(format!(
            "{} {}",
            scope.record().slug,
            request.body().len()
        )))
    });
    let service = signed_in().layer(inner);
    let request = |token: &str| {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        request.body(vec![1, 2, 3]).unwrap()
    };
    let good = service.clone().oneshot(request(&HMAC.token(&claims()))).await.unwrap();
    assert_eq!(good.body(), "acme 3");
    let bad = service.oneshot(request("no")).await.unwrap();
    assert_eq!(bad.status(), 401);
    assert!(bad.body().contains("invalid-credentials"), "{}", bad.body());
}

/// Attack (requests): a scope in the request's extensions that somebody else has put there.
#[tokio::test]
async fn a_request_that_is_refused_never_reaches_the_handler() {
    let reached = Arc::new(Mutex::new(0));
    let count = Arc::clone(&reached);
    let app = Router::new()
        .route("/x", get(async move || *count.lock().unwrap() += 1))
        .layer(signed_in());
    assert_eq!(send(&app, plain("/x")).await.status, 401);
    assert_eq!(*reached.lock().unwrap(), 0);
    assert_eq!(send(&app, with(&HMAC.token(&claims()), "/x")).await.status, 200);
    assert_eq!(*reached.lock().unwrap(), 1);
}

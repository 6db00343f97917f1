//! Host, header and path only locate a tenant, and all must agree.

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use tenant_axum::{
    Authenticated, By, HeaderResolver, HostResolver, Named, PathResolver, SessionResolver,
    TenantLayer, TrustedProxies,
};

use crate::{
    fixture::{ID, app, layer, plain, send, status, tokens, with},
    signer::{HMAC, but, claims},
};

/// Tokens of a user, and of no tenant.
fn user(name: &str) -> String {
    let mut claims = but("app", serde_json::Value::Null);
    claims["sub"] = name.into();
    HMAC.token(&claims)
}

fn tokens_and(add: impl FnOnce(TenantLayer) -> TenantLayer) -> Router {
    app(add(layer().authenticate(tokens(HMAC.key()))))
}

fn proxies() -> TrustedProxies {
    TrustedProxies::new(["10.0.0.0/8"]).unwrap()
}

fn from(peer: &str, token: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = with(token, "/x");
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    for (name, value) in headers {
        let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

/// Attack (requests): a tenant named by the path, the host or a header, and credentials for another.
#[tokio::test]
async fn a_token_opens_its_own_tenant_whatever_else_the_request_names() {
    let path = tokens_and(|layer| layer.locate(PathResolver::parameter("tenant", ID)));
    let host = tokens_and(|layer| layer.locate(HostResolver::subdomain_of("example.com").unwrap()));
    let header =
        tokens_and(|layer| layer.locate(HeaderResolver::new("x-tenant", ID, proxies()).unwrap()));
    let token = HMAC.token(&claims());
    for (name, slug, expected) in [("7", "acme", 200), ("8", "bolt", 403), ("99", "nobody", 403)] {
        assert_eq!(send(&path, with(&token, &format!("/t/{name}/x"))).await.status, expected);
        let request = from("10.0.0.1:1", &token, &[("host", &format!("{slug}.example.com"))]);
        assert_eq!(send(&host, request).await.status, expected);
        let request = from("10.0.0.1:1", &token, &[("x-tenant", name)]);
        let answer = send(&header, request).await;
        assert_eq!(answer.status, expected);
        if expected == 403 {
            assert_eq!(answer.problem(), "forbidden");
            assert!(!answer.body.contains(name) && !answer.body.contains(slug), "{}", answer.body);
        }
    }
    // Where nothing is named the token's tenant is meant.
    assert_eq!(status(&path, &token).await, 200);
}

#[tokio::test]
async fn a_users_token_opens_the_located_tenant_if_the_user_is_a_member() {
    let path = tokens_and(|layer| layer.locate(PathResolver::parameter("tenant", By::Slug)));
    for (who, slug, expected) in [
        ("alice", "acme", 200),
        ("alice", "bolt", 403),
        ("bob", "bolt", 200),
        ("bob", "nobody", 404),
    ] {
        let answer = send(&path, with(&user(who), &format!("/t/{slug}/x"))).await;
        assert_eq!(answer.status, expected, "{who} at {slug}");
    }
    let answer = send(&path, with(&user("alice"), "/x")).await;
    assert_eq!((answer.status, answer.problem()), (400, "no-tenant".into()));
}

/// Attack (requests): a host, a path or a header alone.
#[tokio::test]
async fn naming_a_tenant_lets_nobody_in() {
    let all = tokens_and(|layer| {
        layer
            .locate(HostResolver::subdomain_of("example.com").unwrap())
            .locate(PathResolver::parameter("tenant", By::Slug))
            .locate(HeaderResolver::new("x-tenant", By::Slug, proxies()).unwrap())
    });
    let request = Request::get("/t/acme/x").header("host", "acme.example.com");
    let answer = send(&all, request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.problem()), (401, "unauthenticated".into()));
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    // The twin: the same and a token.
    let request = Request::get("/t/acme/x").header("host", "acme.example.com");
    let request = request.header("authorization", format!("bearer {}", user("alice")));
    assert_eq!(send(&all, request.body(Body::empty()).unwrap()).await.status, 200);
}

/// Attack (requests): the proxy's header, sent by somebody else, or twice.
#[tokio::test]
async fn a_header_counts_only_once_and_only_from_a_trusted_proxy() {
    let app =
        tokens_and(|layer| layer.locate(HeaderResolver::new("x-tenant", ID, proxies()).unwrap()));
    let alice = user("alice");
    for (peer, headers, expected) in [
        ("10.0.0.1:1", &[("x-tenant", "7")][..], 200),
        ("[::ffff:10.0.0.1]:1", &[("x-tenant", "7")], 200),
        ("11.0.0.1:1", &[("x-tenant", "7")], 403),
        ("[::1]:1", &[("x-tenant", "7")], 403),
        ("10.0.0.1:1", &[("x-tenant", "7"), ("x-tenant", "7")], 400),
        ("10.0.0.1:1", &[("x-tenant", "7"), ("x-tenant", "8")], 400),
        ("10.0.0.1:1", &[("x-tenant", "7, 8")], 400),
        ("10.0.0.1:1", &[("x-tenant", "seven")], 400),
        ("10.0.0.1:1", &[("x-tenant", "")], 400),
        ("10.0.0.1:1", &[("x-tenant", "0")], 400),
        // An address that somebody claims is nobody's.
        ("11.0.0.1:1", &[("x-tenant", "7"), ("x-forwarded-for", "10.0.0.1")], 403),
    ] {
        let answer = send(&app, from(peer, &alice, headers)).await;
        assert_eq!(answer.status, expected, "{peer} {headers:?}");
    }
}

/// Attack (requests): a forwarded host that no proxy of ours has sent, and two hosts at once.
#[tokio::test]
async fn a_forwarded_host_counts_only_from_a_trusted_proxy() {
    let plain = HostResolver::subdomain_of("example.com").unwrap();
    let plain = plain.silent_at("inner.local").unwrap();
    let behind = tokens_and(|layer| layer.locate(plain.clone().behind(proxies())));
    let direct = tokens_and(|layer| layer.locate(plain));
    let alice = user("alice");
    let forwarded = [("host", "inner.local"), ("x-forwarded-host", "acme.example.com")];
    assert_eq!(send(&behind, from("10.0.0.1:1", &alice, &forwarded)).await.status, 200);
    assert_eq!(send(&behind, from("11.0.0.1:1", &alice, &forwarded)).await.status, 403);
    // Where nobody is said to be in front, it is not looked at.
    assert_eq!(send(&direct, from("10.0.0.1:1", &alice, &forwarded)).await.status, 400);
    let two = [("host", "acme.example.com"), ("host", "bolt.example.com")];
    assert_eq!(send(&direct, from("10.0.0.1:1", &alice, &two)).await.status, 400);
    let mut request = from("10.0.0.1:1", &alice, &[("host", "acme.example.com")]);
    *request.uri_mut() = "https://bolt.example.com/x".parse().unwrap();
    assert_eq!(send(&direct, request).await.status, 400);
    let mut http2 = from("10.0.0.1:1", &alice, &[]);
    *http2.uri_mut() = "https://acme.example.com/x".parse().unwrap();
    assert_eq!(send(&direct, http2).await.status, 200);
}

#[tokio::test]
async fn a_segment_is_decoded_once_and_read_as_it_was_sent() {
    let resolver = || PathResolver::segment(1, By::Slug);
    let app = tokens_and(|layer| layer.locate(resolver()));
    let nested = tokens_and(|layer| {
        let named = PathResolver::parameter("tenant", By::Slug);
        layer.locate(PathResolver::segment(2, By::Slug)).locate(named)
    });
    let nested = Router::new().nest("/api", nested);
    let alice = user("alice");
    for (path, expected) in [
        ("/t/acme/x", 200),
        ("/t/%61cme/x", 200),
        ("/t/%2561cme/x", 404),
        ("/t/acme%2F/x", 400),
        ("/t/acme%00/x", 400),
        ("/t/%2e%2e/x", 400),
        ("/t/%ff/x", 400),
        ("/t/ACME/x", 404),
    ] {
        assert_eq!(send(&app, with(&alice, path)).await.status, expected, "{path}");
        let path = format!("/api{path}");
        assert_eq!(send(&nested, with(&alice, &path)).await.status, expected, "{path}");
    }
}

/// Attack (requests): two credentials, one of them somebody else's.
#[tokio::test]
async fn a_session_and_a_token_must_be_of_one_user_and_one_tenant() {
    let session = |parts: axum::http::request::Parts| async move {
        let cookie = parts.headers.get("cookie").and_then(|value| value.to_str().ok());
        let session = |user: &str| Some(Authenticated::user(user));
        Ok(match cookie {
            Some("alice") => session("alice"),
            Some("bob") => session("bob"),
            Some("alice at bolt") => {
                session("alice").map(|alice| alice.tenant(Named::Slug("bolt".into())))
            }
            Some("alice at acme") => {
                session("alice").map(|alice| alice.tenant(Named::Slug("acme".into())))
            }
            Some(_) => return Err(tenant_axum::Refusal::bad_credentials("no such session")),
            None => None,
        })
    };
    let app = tokens_and(|layer| layer.authenticate(SessionResolver::new(session)));
    let token = HMAC.token(&claims());
    for (cookie, expected) in [
        ("alice", 200),
        ("alice at acme", 200),
        ("bob", 403),
        ("alice at bolt", 403),
        ("nonsense", 401),
    ] {
        let both = from("10.0.0.1:1", &token, &[("cookie", cookie)]);
        assert_eq!(send(&app, both).await.status, expected, "{cookie}");
    }
    let mut alone = plain("/x");
    alone.headers_mut().insert("cookie", "alice at acme".parse().unwrap());
    assert_eq!(send(&app, alone).await.status, 200);
}

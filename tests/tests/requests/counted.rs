//! Nothing reaches the application's database before the tenant is verified: counted at the socket.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo, http::Request};
use serde_json::Value;
use tenant_core::SqlSession;

use crate::app::{App, HANDLERS, at, claims, id, token, with};

/// What is refused, and how: the request, its status, and whether the registry may be asked.
fn refused(handler: &str) -> Vec<(&'static str, Request<Body>, u16, bool)> {
    let path = |slug: &str| format!("/t/{slug}/{handler}");
    let plain = format!("/{handler}");
    let (alice, acme) = (token(&claims()), token(&with("tenant", id(0xa))));
    let tampered = acme.replace('.', ".A");
    let unsigned = format!("{}.", acme.rsplit_once('.').unwrap().0);
    let mut header = at(&plain, &alice);
    header.headers_mut().insert("x-tenant", "acme".parse().unwrap());
    header.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
    let mut other_host = at(&plain, &acme);
    other_host.headers_mut().insert("host", "bolt.example.com".parse().unwrap());
    let mut nobodys_host = at(&plain, &acme);
    nobodys_host.headers_mut().insert("host", "example.org".parse().unwrap());
    let mut twice = at(&plain, &acme);
    twice.headers_mut().append("authorization", format!("Bearer {acme}").parse().unwrap());
    let long = token(&with("pad", "x".repeat(9000)));
    let claimed = |digit| token(&with("tenant", id(digit)));
    vec![
        ("no credentials", at(&path("acme"), ""), 401, false),
        ("no credentials, no tenant", at(&path("nobody"), ""), 401, false),
        ("no token", at(&plain, "nonsense"), 401, false),
        ("tampered", at(&plain, &tampered), 401, false),
        ("unsigned", at(&plain, &unsigned), 401, false),
        ("expired", at(&path("acme"), &token(&with("exp", 1))), 401, false),
        ("not yet valid", at(&path("acme"), &token(&with("nbf", 99_999_999_999_i64))), 401, false),
        ("another audience", at(&path("acme"), &token(&with("aud", "mail"))), 401, false),
        ("another issuer", at(&path("acme"), &token(&with("iss", "mall"))), 401, false),
        ("oversized", at(&path("acme"), &long), 401, false),
        ("two tokens", twice, 401, false),
        ("a claim that is no id", at(&plain, &token(&with("tenant", "acme"))), 401, false),
        ("a tenant that is nobody", at(&plain, &claimed(0)), 401, false),
        ("a path that is no text", at(&path("%ff"), &alice), 400, false),
        ("a path with a NUL", at(&path("a%00"), &alice), 400, false),
        ("no tenant named", at(&plain, &alice), 400, false),
        ("a header of a stranger", header, 403, false),
        ("a host of nobody", nobodys_host, 404, false),
        ("token and path differ", at(&path("bolt"), &acme), 403, true),
        ("token and host differ", other_host, 403, true),
        ("not a member", at(&path("bolt"), &alice), 403, true),
        ("not a member, claimed", at(&plain, &claimed(0xb)), 403, true),
        ("suspended", at(&path("shut"), &alice), 403, true),
        ("suspended, claimed", at(&plain, &claimed(0xc)), 403, true),
        ("in maintenance", at(&path("busy"), &alice), 503, true),
        ("deleted", at(&path("gone"), &alice), 404, true),
        ("unknown", at(&path("nobody"), &alice), 404, true),
        ("unknown, claimed", at(&plain, &claimed(0x99)), 404, true),
        ("revoked", at(&path("raised"), &alice), 401, true),
    ]
}

/// Attack (requests): every request that gets no tenant, and what it cost the database.
#[tokio::test]
async fn a_refused_request_sends_nothing_to_the_database() {
    let app = App::open().await;
    for handler in HANDLERS {
        let good = format!("/t/acme/{handler}");
        let answer = app.send(at(&good, &token(&claims()))).await;
        assert_eq!((answer.0, answer.2.as_str()), (200, "5"), "the twin, before");
        app.shop.settled().await;
        for (what, request, status, asks) in refused(handler) {
            app.database.reset();
            app.registry.reset();
            let (found, headers, body) = app.send(request).await;
            assert_eq!(found, status, "{what}: {body}");
            assert_eq!(headers["content-type"], "application/problem+json", "{what}");
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(problem["status"], status, "{what}");
            assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{what}");
            assert_eq!(app.database.round_trips(), 0, "{what}: {:?}", app.database.messages());
            assert_eq!(app.registry.round_trips() > 0, asks, "{what}: the registry");
        }
        app.database.reset();
        let answer = app.send(at(&good, &token(&claims()))).await;
        assert_eq!((answer.0, answer.2.as_str()), (200, "5"), "the twin, after");
        assert!(app.database.round_trips() >= 3, "it is counted: {:?}", app.database.messages());
    }
}

#[tokio::test]
async fn without_a_registry_there_is_no_way_to_the_database() {
    let app = App::open().await;
    let good = |handler: &str| at(&format!("/t/acme/{handler}"), &token(&claims()));
    assert_eq!(app.send(good("diesel")).await.0, 200);
    app.shop.settled().await;
    let role = format!("{}_registry", app.shop.database.name());
    let session = app.shop.database.session();
    session.batch(&format!("ALTER ROLE \"{role}\" NOLOGIN")).await.unwrap();
    let ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity";
    app.shop.ask(&format!("{ended} WHERE usename = '{role}'")).await;
    app.database.reset();
    for handler in HANDLERS {
        let (status, headers, body) = app.send(good(handler)).await;
        assert_eq!(status, 503, "{body}");
        assert!(headers.contains_key("retry-after"));
        assert!(!body.contains("registry") && !body.contains("tenancy"), "{body}");
        assert_eq!(app.database.round_trips(), 0, "{:?}", app.database.messages());
    }
    session.batch(&format!("ALTER ROLE \"{role}\" LOGIN")).await.unwrap();
    assert_eq!(app.send(good("diesel")).await.0, 200, "the twin: it is back");
}

//! What gets in: the tenant by path, host, header or claim, and its own rows.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo, http::Request};
use tenant_core::SqlSession;

use crate::app::{App, HANDLERS, at, claims, id, token, with};

fn named(handler: &str) -> Vec<(&'static str, Request<Body>)> {
    let plain = format!("/{handler}");
    let (alice, acme) = (token(&claims()), token(&with("tenant", id(0xa))));
    let mut host = at(&plain, &alice);
    host.headers_mut().insert("host", "ACME.example.com:8080".parse().unwrap());
    let mut header = at(&plain, &alice);
    header.headers_mut().insert("x-tenant", "acme".parse().unwrap());
    header.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
    let mut all = at(&format!("/t/acme/{handler}"), &acme);
    all.headers_mut().insert("host", "acme.example.com".parse().unwrap());
    vec![
        ("by path", at(&format!("/t/acme/{handler}"), &alice)),
        ("by host", host),
        ("by header", header),
        ("by claim", at(&plain, &acme)),
        ("by all of them", all),
    ]
}

#[tokio::test]
async fn a_request_reads_its_tenants_rows_however_it_names_the_tenant() {
    let app = App::open().await;
    let session = app.shop.database.session();
    session
        .batch("DELETE FROM invoices WHERE amount > 3 AND tenant_id::text LIKE '%a'")
        .await
        .unwrap();
    for handler in HANDLERS {
        for (what, request) in named(handler) {
            let (status, _, body) = app.send(request).await;
            assert_eq!((status, body.as_str()), (200, "3"), "{handler} {what}");
        }
        let bob = token(&with("sub", "bob"));
        let (status, _, body) = app.send(at(&format!("/t/bolt/{handler}"), &bob)).await;
        assert_eq!((status, body.as_str()), (200, "5"), "the other one's are another's");
    }
}

/// Attack (requests): going on with a token after the membership was taken, the tenant suspended, or
/// its epoch raised.
#[tokio::test]
async fn what_changes_in_the_registry_counts_from_the_next_request_on() {
    let app = App::open().await;
    let session = app.shop.database.session();
    let token = token(&with("tenant", id(0xa)));
    let send = async || app.send(at("/diesel", &token)).await.0;
    let acme = "WHERE slug = 'acme'";
    for (change, back, status) in [
        ("SET status = 'suspended'", "SET status = 'active'", 403),
        ("SET status = 'maintenance'", "SET status = 'active'", 503),
        ("SET epoch = 1", "SET epoch = 0", 401),
    ] {
        assert_eq!(send().await, 200);
        session.batch(&format!("UPDATE tenancy.tenants {change} {acme}")).await.unwrap();
        assert_eq!(send().await, status, "{change}");
        session.batch(&format!("UPDATE tenancy.tenants {back} {acme}")).await.unwrap();
    }
    assert_eq!(send().await, 200);
    session.batch("DELETE FROM tenancy.members WHERE tenant_id::text LIKE '%a'").await.unwrap();
    assert_eq!(send().await, 403);
}

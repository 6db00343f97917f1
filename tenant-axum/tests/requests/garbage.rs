//! Whatever a client sends: an answer, never a panic, and never a tenant.

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderName, HeaderValue, Request, Uri, header},
};
use proptest::prelude::*;
use std::net::SocketAddr;
use tenant_axum::{By, HeaderResolver, HostResolver, PathResolver, TrustedProxies};
use tower::ServiceExt;

use crate::{
    fixture::{ID, app, layer, tokens},
    signer::{HMAC, claims},
};

fn router() -> Router {
    let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
    let host = HostResolver::subdomain_of("example.com").unwrap().behind(proxies.clone());
    app(layer()
        .authenticate(tokens(HMAC.key()))
        .authenticate(tokens(HMAC.key()).cookie("token").unwrap())
        .locate(host)
        .locate(HeaderResolver::new("x-tenant", ID, proxies).unwrap())
        .locate(PathResolver::parameter("tenant", By::Slug))
        .locate(PathResolver::segment(1, By::Slug)))
}

const NAMES: [&str; 5] = ["authorization", "cookie", "host", "x-tenant", "x-forwarded-host"];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let anything = prop::collection::vec(any::<u8>(), 0..200);
    let scheme = prop::collection::vec(any::<u8>(), 0..200)
        .prop_map(|rest: Vec<u8>| [b"Bearer ".as_slice(), &rest].concat());
    let parts = "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}"
        .prop_map(|token| format!("Bearer {token}").into_bytes());
    let cookie = "token=\\PC{0,40}(; token=\\PC{0,10})?".prop_map(String::into_bytes);
    let long = (1..20_000_usize).prop_map(|length| vec![b'a'; length]);
    prop_oneof![anything, scheme, parts, cookie, long]
}

fn request(headers: &[(usize, Vec<u8>)], path: &str) -> Option<Request<Body>> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse::<Uri>().ok()?;
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
    for (name, value) in headers {
        // What the server would not have let in is not sent.
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.headers_mut().append(HeaderName::from_static(NAMES[*name]), value);
        }
    }
    Some(request)
}

async fn status(request: Request<Body>) -> u16 {
    router().oneshot(request).await.unwrap().status().as_u16()
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Attack (requests): malformed and oversized headers, of arbitrary bytes.
    #[test]
    fn whatever_the_headers_are_nobody_gets_in(
        headers in prop::collection::vec((0..NAMES.len(), bytes()), 0..4),
        path in "/(x|t/[A-Za-z0-9%._~-]{0,20}/x)",
    ) {
        let Some(request) = request(&headers, &path) else { return Ok(()) };
        let status = block(status(request));
        prop_assert!([400, 401, 404].contains(&status), "{status}");
    }

    /// The same next to a token that holds: garbage, or nothing.
    #[test]
    fn next_to_a_good_token_garbage_names_no_other_tenant(
        headers in prop::collection::vec((1..NAMES.len(), bytes()), 1..4),
        path in "/t/[A-Za-z0-9%._~-]{0,20}/x",
    ) {
        let Some(mut request) = request(&headers, &path) else { return Ok(()) };
        let token = format!("Bearer {}", HMAC.token(&claims()));
        request.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
        let status = block(status(request));
        prop_assert!([400, 401, 403, 404].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn twin_the_same_application_lets_a_request_in_that_is_in_order() {
    let token = HMAC.token(&claims());
    let mut headers = vec![
        (0, format!("Bearer {token}").into_bytes()),
        (2, b"acme.example.com".to_vec()),
        (3, b"7".to_vec()),
    ];
    assert_eq!(status(request(&headers, "/t/acme/x").unwrap()).await, 200);
    headers[0] = (1, format!("a=b; token={token}; c=d").into_bytes());
    assert_eq!(status(request(&headers, "/t/acme/x").unwrap()).await, 200);
    // Each header twice, with the same value.
    for at in 0..headers.len() {
        let mut twice = headers.clone();
        twice.push(headers[at].clone());
        let expected = if at == 0 { 401 } else { 400 };
        assert_eq!(status(request(&twice, "/t/acme/x").unwrap()).await, expected, "{at}");
    }
    let mut twice = headers.clone();
    twice[0] = (0, format!("Bearer {token}").into_bytes());
    twice.push(twice[0].clone());
    assert_eq!(status(request(&twice, "/t/acme/x").unwrap()).await, 401);
}

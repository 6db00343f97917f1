//! A small application: six tenants, and two routes that want one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
    routing::get,
};
use serde_json::Value;
use tenant_axum::{Audience, By, Issuer, JwtKeys, JwtResolver, Tenant, TenantLayer};
use tenant_core::{
    RegistryError, StaticRegistry, TenantId, TenantKey, TenantRecord, TenantRegistry, TenantStatus,
};
use tower::ServiceExt;

use crate::signer::{AUDIENCE, ISSUER};

pub(crate) const ID: By = By::Id(TenantKey::Bigint);

/// Alice belongs to all but 8, which is bob's. 13 is of epoch 3.
pub(crate) fn tenants() -> StaticRegistry {
    let of = |id: i64, slug: &str| TenantRecord::new(id, slug);
    let mut registry = StaticRegistry::new([
        of(7, "acme"),
        of(8, "bolt"),
        of(9, "shut").status(TenantStatus::Suspended),
        of(10, "busy").status(TenantStatus::Maintenance),
        of(11, "gone").status(TenantStatus::Deleted),
        of(12, "spare").status(TenantStatus::Spare),
        of(13, "raised").epoch(3),
    ])
    .member(8, "bob");
    for tenant in [7, 9, 10, 11, 12, 13] {
        registry = registry.member(tenant, "alice");
    }
    registry
}

/// A registry that counts what it is asked, and may be down.
pub(crate) struct Counted {
    inner: StaticRegistry,
    down: bool,
    asked: AtomicUsize,
}

impl Counted {
    pub(crate) fn new(down: bool) -> Arc<Self> {
        Arc::new(Self { inner: tenants(), down, asked: AtomicUsize::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn ask(&self) -> Result<(), RegistryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.down { Err("the secret-host:5432 is down".into()) } else { Ok(()) }
    }
}

#[async_trait]
impl TenantRegistry for Counted {
    fn key(&self) -> Option<TenantKey> {
        Some(TenantKey::Bigint)
    }
    async fn find(&self, id: &TenantId) -> Result<Option<TenantRecord>, RegistryError> {
        self.ask()?;
        self.inner.find(id).await
    }
    async fn find_by_slug(&self, slug: &str) -> Result<Option<TenantRecord>, RegistryError> {
        self.ask()?;
        self.inner.find_by_slug(slug).await
    }
    async fn is_member(&self, id: &TenantId, user: &str) -> Result<bool, RegistryError> {
        self.ask()?;
        self.inner.is_member(id, user).await
    }
}

/// Tokens whose tenant is at `app.tenant`.
pub(crate) fn tokens(keys: impl Into<JwtKeys>) -> JwtResolver {
    JwtResolver::new(keys, Issuer::named(ISSUER), Audience::named(AUDIENCE))
        .tenant_claim(["app", "tenant"], ID)
        .unwrap()
}

pub(crate) fn layer() -> TenantLayer {
    TenantLayer::new(Arc::new(tenants()))
}

pub(crate) fn app(layer: TenantLayer) -> Router {
    let handler = get(async |tenant: Tenant| tenant.id().to_string());
    Router::new().route("/x", handler.clone()).route("/t/{tenant}/x", handler).layer(layer)
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["status"], self.status);
        body["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert_ne!(parts.status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// A request with a bearer token.
pub(crate) fn with(token: &str, path: &str) -> Request<Body> {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    request.body(Body::empty()).unwrap()
}

pub(crate) fn plain(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) async fn status(app: &Router, token: &str) -> u16 {
    send(app, with(token, "/x")).await.status
}

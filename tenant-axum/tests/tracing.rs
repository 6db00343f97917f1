//! What the request's span carries. A program of its own: who listens first decides for all threads.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{Request, request::Parts},
    routing::get,
};
use tenant_axum::{Authenticated, Named, Refusal, SessionResolver, Tenant, TenantLayer};
use tenant_core::{StaticRegistry, TenantRecord};
use tower::ServiceExt;
use tracing::{
    Instrument,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer as Subscriber, layer::Context, layer::SubscriberExt};

/// Writes down the spans that are made, and what they carry.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S> Subscriber<S> for Spans
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let metadata = attributes.metadata();
        let mut line = format!("{} {}", metadata.target(), metadata.name());
        attributes.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
    }
    fn on_record(&self, _: &Id, values: &tracing::span::Record<'_>, _: Context<'_, S>) {
        let mut line = "recorded".to_owned();
        values.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
    }
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let span = context.lookup_current().map_or("nothing", |span| span.name());
        let mut line = format!("event of {} in {span}", event.metadata().target());
        event.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
    }
}

/// The key is the user's name at tenant 7, turned round.
async fn session(parts: Parts) -> Result<Option<Authenticated>, Refusal> {
    match parts.headers.get("key").and_then(|key| key.to_str().ok()) {
        None => Ok(None),
        Some("ecila") => Ok(Some(Authenticated::user("alice").tenant(Named::Id(7.into())))),
        Some(_) => Err(Refusal::bad_credentials("no such key")),
    }
}

fn with(key: &str) -> Request<Body> {
    Request::get("/x").header("key", key).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_requests_span_carries_the_tenant_and_no_credentials() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let registry = StaticRegistry::new([TenantRecord::new(7, "acme")]).member(7, "alice");
    let layer = TenantLayer::new(Arc::new(registry));
    let handler = get(async |_: Tenant| tracing::info!(target: "mine", "at work"));
    let app: Router =
        Router::new().route("/x", handler).layer(layer.authenticate(SessionResolver::new(session)));
    let outer = tracing::info_span!(target: "mine", "http", tenant.id = tracing::field::Empty);
    assert_eq!(app.clone().oneshot(with("ecila")).instrument(outer).await.unwrap().status(), 200);
    assert_eq!(app.oneshot(with("bob-secret")).await.unwrap().status(), 401);
    let seen = spans.0.lock().unwrap().clone();
    for expected in [
        "tenant tenant_request tenant.id=7",
        "recorded tenant.id=7",
        "event of mine in tenant_request message=at work",
        "event of tenant in nothing message=refused error=the credentials do not hold: no such key",
    ] {
        assert!(seen.iter().any(|line| line == expected), "{expected}: {seen:#?}");
    }
    assert!(
        !seen.iter().any(|line| line.contains("secret") || line.contains("ecila")),
        "{seen:#?}"
    );
}

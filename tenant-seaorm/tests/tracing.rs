//! What is said to `tracing`: the tenant, and nothing secret.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod common;

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use common::{A, TENANCY, World, entity::invoice, scope};
use sea_orm::EntityTrait as _;
use tenant_seaorm::TenantDb;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// Writes down every field of every span and event.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<String>>);

impl Listener {
    fn heard(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

struct Words<'a>(&'a mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut heard = self.0.lock().unwrap();
        writeln!(heard, "span {}", span.metadata().name()).unwrap();
        span.record(&mut Words(&mut heard));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Words(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Words(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn password(url: &str) -> String {
    let credentials = url.split('@').next().unwrap();
    credentials.rsplit(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_transaction_has_a_span_with_its_tenant_and_no_password_is_said() {
    let world = World::new().await;
    let url = world.db.tcp_url(world.layout.roles().login()).await.unwrap();
    let listener = Listener::default();
    let listening = tracing::subscriber::set_default(listener.clone());
    let db = TenantDb::connect(url.clone(), &TENANCY).await.unwrap();
    let tx = db.begin(&scope(A).await).await.unwrap();
    invoice::Entity::find().all(&tx).await.unwrap();
    tx.raw_unchecked("the reason why");
    tx.commit().await.unwrap();
    drop(listening);
    let heard = listener.heard();
    assert!(heard.contains(&format!("span tenant_transaction\ntenant.id={A}")), "{heard}");
    assert!(heard.contains("the reason why"), "{heard}");
    assert!(!heard.contains(&password(&url)), "{heard}");
}

/// The twin: SeaORM's connector says it.
#[tokio::test]
async fn without_the_care_the_password_is_in_a_span() {
    let world = World::new().await;
    let url = world.db.tcp_url(world.layout.roles().login()).await.unwrap();
    let listener = Listener::default();
    let listening = tracing::subscriber::set_default(listener.clone());
    sea_orm::Database::connect(url.clone()).await.unwrap();
    drop(listening);
    assert!(listener.heard().contains(&password(&url)), "SeaORM has mended this: `internals.rs`");
}

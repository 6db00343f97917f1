//! Somebody who does something just before the mover sends a certain statement.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use tenant_core::{JsonRow, SessionError, SqlSession};

use crate::fixture::Shop;

/// Before the mover refuses the tenant's writes, when all passes are done but the last.
pub(crate) const FREEZE: &str = "tenancy.freeze(";

/// A mover's session.
#[derive(Clone)]
pub(crate) struct Meddling {
    inner: Arc<dyn SqlSession>,
    before: &'static str,
    /// As whom, and what.
    deeds: Vec<(Arc<dyn SqlSession>, String)>,
    done: Arc<AtomicBool>,
}

impl Meddling {
    /// Runs this SQL once as the superuser, before the first statement with these words.
    pub(crate) fn new(shop: &Shop, before: &'static str, sql: &str) -> Self {
        let superuser: Arc<dyn SqlSession> = Arc::new(shop.database.session().clone());
        Self {
            inner: Arc::new(shop.admin()),
            before,
            deeds: vec![(superuser, sql.to_owned())],
            done: Arc::default(),
        }
    }

    /// And this as the application's login.
    pub(crate) fn and_as_login(mut self, shop: &Shop, sql: &str) -> Self {
        let login = shop.database.session_as(&format!("{}_login", shop.database.name()));
        self.deeds.push((Arc::new(login), sql.to_owned()));
        self
    }

    /// The same, and later this, likewise.
    pub(crate) fn then(self, shop: &Shop, before: &'static str, sql: &str) -> Self {
        Self { inner: Arc::new(self), ..Self::new(shop, before, sql) }
    }

    /// It is told, or the statement never came.
    pub(crate) fn assert_done(&self) {
        assert!(self.done.load(Ordering::Relaxed), "{} was never sent", self.before);
    }

    async fn meddle(&self, sql: &str) {
        if sql.contains(self.before) && !self.done.swap(true, Ordering::Relaxed) {
            for (session, sql) in &self.deeds {
                session.batch(sql).await.unwrap();
            }
        }
        // What the mover reads is counted at once.
        let _ = self.inner.rows("SELECT pg_stat_force_next_flush()::text AS x", &[]).await;
    }
}

#[async_trait]
impl SqlSession for Meddling {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        self.meddle(sql).await;
        self.inner.batch(sql).await
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        self.meddle(sql).await;
        self.inner.rows(sql, params).await
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        let inner = Arc::from(self.inner.dedicated().await?);
        Ok(Box::new(Self { inner, ..self.clone() }))
    }
}

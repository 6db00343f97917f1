//! SeaORM's ways to watch statements, as far as its public API lets another connection keep them:
//! the metric callback, and with the feature `tracing-spans` a span per statement.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{Statement, metric::Info};
use tenant_core::Pooler;

/// Called after each statement, as by `DatabaseConnection::set_metric_callback`.
pub(crate) type MetricCallback = Arc<dyn Fn(&Info<'_>) + Send + Sync>;

/// How statements are run, and who watches.
#[derive(Clone)]
pub(crate) struct Hooks {
    pub(crate) metrics: Option<MetricCallback>,
    pub(crate) record_statements: bool,
    pub(crate) pooler: Pooler,
}

impl Hooks {
    /// Runs a statement and tells the callback of it.
    pub(crate) async fn watch<T, E: fmt::Display>(
        &self,
        name: &'static str,
        statement: &Statement,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = self.metrics.as_ref().map(|_| Instant::now());
        let result = self.in_span(name, statement, run).await;
        if let Some(started) = started {
            self.tell(statement, started.elapsed(), result.is_err());
        }
        result
    }

    pub(crate) fn tell(&self, statement: &Statement, elapsed: Duration, failed: bool) {
        if let Some(callback) = &self.metrics {
            callback(&Info { elapsed, statement, failed });
        }
    }

    #[cfg(not(feature = "tracing-spans"))]
    async fn in_span<T, E>(
        &self,
        _: &'static str,
        _: &Statement,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        run.await
    }

    /// The fields are those of SeaORM's feature, and its names under `otel.name`.
    #[cfg(feature = "tracing-spans")]
    async fn in_span<T, E: fmt::Display>(
        &self,
        name: &'static str,
        statement: &Statement,
        run: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        use tracing::{Instrument as _, field::Empty, field::display};

        let operation = match statement.sql.split_whitespace().next() {
            Some(word)
                if ["SELECT", "INSERT", "UPDATE", "DELETE"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(word)) =>
            {
                word
            }
            _ => "EXECUTE",
        };
        let span = tracing::info_span!(
            "sea_orm.statement",
            otel.name = name,
            otel.kind = "client",
            db.system = "postgresql",
            db.operation = operation,
            db.statement = Empty,
            otel.status_code = Empty,
            exception.message = Empty,
        );
        if self.record_statements {
            span.record("db.statement", statement.sql.as_str());
        }
        let result = run.instrument(span.clone()).await;
        match &result {
            Ok(_) => span.record("otel.status_code", "OK"),
            Err(error) => {
                span.record("otel.status_code", "ERROR").record("exception.message", display(error))
            }
        };
        result
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("metrics", &self.metrics.is_some())
            .field("record_statements", &self.record_statements)
            .field("pooler", &self.pooler)
            .finish()
    }
}

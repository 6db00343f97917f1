use std::{fmt, sync::Arc};

/// How far something long has come: a table of it, and the rows that are done.
///
/// ```
/// use tenant_core::{Progress, Reporter};
///
/// let bar = Reporter::new(|progress: &Progress| {
///     eprintln!("{}: {} of about {}", progress.table, progress.done, progress.total);
/// });
/// # let _ = bar;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The table that is worked on, quoted as it stands in SQL, with its schema.
    pub table: String,
    /// Rows of this table that are done.
    pub done: u64,
    /// Rows of this table in all, as far as that can be told beforehand: others may write meanwhile,
    /// so `done` can end above or below it.
    pub total: u64,
}

type Call = dyn Fn(&Progress) + Send + Sync;

/// Whoever wants to be told of [`Progress`]: a function, called between two statements. It must not
/// block for long, since the work waits for it.
#[derive(Clone, Default)]
pub struct Reporter(Option<Arc<Call>>);

impl Reporter {
    /// Calls this function.
    pub fn new(call: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(call)))
    }

    /// Tells it, and `tracing` (target `tenant::progress`).
    pub(crate) fn tell(&self, table: &str, done: u64, total: u64) {
        tracing::debug!(target: "tenant::progress", table, done, total);
        if let Some(call) = &self.0 {
            call(&Progress { table: table.to_owned(), done, total });
        }
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reporter").field(&self.0.is_some()).finish()
    }
}

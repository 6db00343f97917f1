use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use futures_channel::mpsc::{Sender, channel};
use futures_util::StreamExt as _;

use super::{AuditLog, AuditRecord};
use crate::SqlSession;

/// How many records wait at most: a burst of refusals, not a day of them.
const WAITING: usize = 1024;

/// Where a pool leaves what the audit log must know although its transaction is gone: a refused
/// write, a quota that was hit, a foreign row.
///
/// A transaction that was refused is rolled back with whatever it would have recorded, and a
/// tenant's login may not record at all. So the records go to another session, with the
/// `…_registry` login, one after another. Nobody waits for them.
///
/// ```no_run
/// # fn f(registry: impl tenant_core::SqlSession + 'static) {
/// use tenant_core::AuditSink;
///
/// let (sink, recording) = AuditSink::new(registry); // as `shop_registry`
/// tokio::spawn(recording);
/// // TenantDb::builder(&TENANCY).audit_sink(sink)…
/// # }
/// ```
///
/// A record that cannot be written, because the database is away or more than 1,024 wait, goes
/// whole to `tracing` as an error (target `tenant::audit`).
#[derive(Clone)]
pub struct AuditSink {
    records: Arc<Mutex<Sender<AuditRecord>>>,
}

impl AuditSink {
    /// A sink, and what writes its records until the last clone of it is dropped: spawn it.
    pub fn new<S: SqlSession + 'static>(
        session: S,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (records, mut waiting) = channel::<AuditRecord>(WAITING);
        let recording = async move {
            let log = AuditLog::new(&session);
            while let Some(record) = waiting.next().await {
                if let Err(error) = log.record(&record).await {
                    lost(&record, &error);
                }
            }
        };
        (Self { records: Arc::new(Mutex::new(records)) }, recording)
    }

    /// Leaves a record, and does not wait.
    pub fn record(&self, record: AuditRecord) {
        // Nothing panics while it is locked.
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(refused) = records.try_send(record) {
            let why =
                if refused.is_full() { "too many wait" } else { "nobody writes them any more" };
            lost(&refused.into_inner(), &why);
        }
    }
}

fn lost(record: &AuditRecord, why: &dyn fmt::Display) {
    tracing::error!(
        target: "tenant::audit", ?record, error = %why, "an audit record could not be written"
    );
}

impl fmt::Debug for AuditSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditSink").finish_non_exhaustive()
    }
}

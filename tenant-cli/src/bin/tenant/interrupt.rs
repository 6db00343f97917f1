//! Ctrl-C: what is under way in the server is cancelled, and nothing more is sent.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use tokio_postgres::CancelToken;

use crate::tls::Tls;

/// How long the server is given to answer a cancellation.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is asked meanwhile: a statement may have been on its way at the first time.
const AGAIN: Duration = Duration::from_millis(100);

/// Whether the user has had enough, and what to cancel then.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    over: Arc<AtomicBool>,
    told: Notify,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Watched>>,
}

#[derive(Clone)]
struct Watched {
    token: CancelToken,
    tls: Tls,
    grace: Option<Grace>,
}

/// Lets work end in good order after an interruption: its statements are refused and cancelled until it
/// gives up, which it says with a `ROLLBACK`. What follows is sent, and left alone.
#[derive(Clone, Default)]
pub(crate) struct Grace(Arc<AtomicBool>);

impl Grace {
    /// From now on.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A connection that would be cancelled; no longer once this is dropped.
pub(crate) struct Open {
    interrupt: Interrupt,
    number: u64,
}

impl Interrupt {
    /// Whether nothing more may be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.0.over.load(Ordering::SeqCst)
    }

    /// The same, for whoever asks between two pieces of work.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.over)
    }

    /// Waits for the user to have had enough.
    pub(crate) async fn over(&self) {
        let told = self.0.told.notified();
        if !self.is_over() {
            told.await;
        }
    }

    pub(crate) fn watch(&self, token: CancelToken, tls: Tls, grace: Option<Grace>) -> Open {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.connections().insert(number, Watched { token, tls, grace });
        Open { interrupt: self.clone(), number }
    }

    /// Ends the work as the server can: a statement that is cancelled was not run, one that was done
    /// already is. What comes back is the work's own answer, or `None` where the server was silent.
    pub(crate) async fn end<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.0.over.store(true, Ordering::SeqCst);
        self.0.told.notify_waiters();
        let cancelling = async {
            loop {
                let open: Vec<_> = self.connections().values().cloned().collect();
                for Watched { token, tls, grace } in open {
                    if grace.as_ref().is_some_and(Grace::has_begun) {
                        continue;
                    }
                    // Whether it came in time shows in the work's answer.
                    let _ = tls.cancel(&token).await;
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::select! {
            biased;
            answer = work => Some(answer),
            () = cancelling => None,
            () = tokio::time::sleep(PATIENCE) => None,
        }
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Watched>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.interrupt.connections().remove(&self.number);
    }
}

/// Ctrl-C, and what a service manager sends. From the moment it is made none ends the process by
/// itself.
pub(crate) struct Signals {
    #[cfg(unix)]
    heard: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Signals {
    /// To be made before anything is done that could be interrupted.
    pub(crate) fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let interrupt = signal(SignalKind::interrupt());
            let heard = interrupt.and_then(|i| Ok([i, signal(SignalKind::terminate())?])).ok();
            Self { heard }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some([interrupt, terminate]) = &mut self.heard {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can be heard: then nobody interrupts.
            std::future::pending::<()>().await;
        }
    }
}

//! The kit's own threads. Each `#[tokio::test]` has a runtime of its own that ends with it, while
//! the server, its sessions and the proxies live on; so they live here, and can be used from any
//! runtime, or from none.

use std::{
    io,
    sync::{OnceLock, mpsc},
};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;

static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();

fn runtime() -> Result<&'static Runtime, Error> {
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("tenant-testkit")
                .enable_all()
                .build()
        })
        .as_ref()
        .map_err(|why| Error::Io {
            what: "start the test kit's background threads".to_owned(),
            source: io::Error::new(why.kind(), why.to_string()),
        })
}

/// Runs `task` to its end, also when the caller's future is dropped.
pub(crate) async fn run<T, E>(
    task: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    runtime()?.spawn(task).await.map_err(|_| E::from(Error::Background))?
}

/// The same, for callers that cannot await; the thread waits.
pub(crate) fn run_blocking<T, E>(
    task: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let runtime = runtime()?;
    let (answer, answered) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // Nobody listens any more only when the process is ending.
        let _ = answer.send(task.await);
    });
    let wait = || answered.recv().map_err(|_| E::from(Error::Background));
    let here = Handle::try_current().is_ok_and(|handle| handle.id() == runtime.handle().id());
    if here {
        // A value dropped in the background: the others' work goes on elsewhere meanwhile.
        tokio::task::block_in_place(wait)?
    } else {
        wait()?
    }
}

/// Leaves `task` to itself.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    runtime()?.spawn(task);
    Ok(())
}

/// Runs what blocks on a thread where that harms nobody. To be called from a background task.
pub(crate) async fn off_thread<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(task).await.map_err(|_| Error::Background)?
}

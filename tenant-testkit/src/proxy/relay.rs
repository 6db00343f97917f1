//! The way of the bytes.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use super::record::{Conversation, Record};
use crate::server::Upstream;

#[derive(Debug)]
pub(super) struct Relay {
    upstream: Upstream,
    pub(super) record: Record,
    controls: watch::Sender<Controls>,
    accepted: AtomicUsize,
    open: AtomicUsize,
    /// Texts, and what stands in their place.
    rewriting: Mutex<Vec<(String, String)>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Controls {
    delay: Duration,
    stalled: bool,
    /// Connections of an earlier generation are cut.
    generation: u64,
    closed: bool,
}

impl Relay {
    pub(super) fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            record: Record::new(),
            controls: watch::Sender::new(Controls::default()),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            rewriting: Mutex::default(),
        }
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        self.controls.send_modify(|now| now.delay = delay);
    }

    pub(super) fn set_stalled(&self, stalled: bool) {
        self.controls.send_modify(|now| now.stalled = stalled);
    }

    pub(super) fn cut(&self) {
        self.controls.send_modify(|now| now.generation += 1);
    }

    pub(super) fn rewriting(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.rewriting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each text is as long as what stands in its place.
    fn rewrite(&self, said: &mut [u8]) {
        for (from, to) in self.rewriting().iter() {
            let mut rest = &mut *said;
            while let Some(at) = rest.windows(from.len()).position(|text| text == from.as_bytes()) {
                let (_, found) = rest.split_at_mut(at);
                let (found, behind) = found.split_at_mut(from.len());
                found.copy_from_slice(to.as_bytes());
                rest = behind;
            }
        }
    }

    pub(super) fn close(&self) {
        self.controls.send_modify(|now| {
            now.closed = true;
            now.generation += 1;
        });
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

/// Serves until the proxy is dropped.
pub(super) async fn accept(relay: Arc<Relay>, listener: TcpListener) {
    let mut controls = relay.controls.subscribe();
    loop {
        tokio::select! {
            biased;
            () = until(&mut controls, |now| now.closed) => return,
            client = listener.accept() => match client {
                Ok((client, _)) => {
                    relay.accepted.fetch_add(1, Ordering::SeqCst);
                    relay.open.fetch_add(1, Ordering::SeqCst);
                    // Here, so that a cut that follows finds it.
                    let generation = relay.controls.borrow().generation;
                    tokio::spawn(serve(Arc::clone(&relay), client, generation));
                }
                Err(why) => {
                    // Out of file descriptors, most likely: there is nothing to do but wait.
                    tracing::warn!(%why, "the proxy could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

async fn serve(relay: Arc<Relay>, client: TcpStream, generation: u64) {
    let mut controls = relay.controls.subscribe();
    let (server, mut client) = (relay.upstream.clone(), client);
    tokio::select! {
        biased;
        // What is under way is dropped where it stands.
        () = until(&mut controls, |now| now.generation != generation) => {
            // The client gets a reset, not an orderly end.
            if let Err(why) = client.set_zero_linger() {
                tracing::debug!(%why, "an orderly end instead of a reset");
            }
        }
        done = carry(&relay, &server, &mut client) => if let Err(why) = done {
            tracing::debug!(%why, "a connection through the proxy broke");
        }
    }
    drop(client);
    relay.open.fetch_sub(1, Ordering::SeqCst);
}

async fn carry(relay: &Relay, server: &Upstream, client: &mut TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    match server {
        Upstream::Socket(path) => {
            let (from_server, to_server) = UnixStream::connect(path).await?.into_split();
            both(relay, (from_client, to_client), (from_server, to_server)).await
        }
        Upstream::Tcp(host, port) => {
            let server = TcpStream::connect((host.as_str(), *port)).await?;
            server.set_nodelay(true)?;
            both(relay, (from_client, to_client), server.into_split()).await
        }
    }
}

async fn both<CR, CW, SR, SW>(
    relay: &Relay,
    (mut from_client, to_client): (CR, CW),
    (mut from_server, mut to_server): (SR, SW),
) -> io::Result<()>
where
    CR: AsyncRead + Unpin,
    CW: AsyncWrite + Unpin,
    SR: AsyncRead + Unpin,
    SW: AsyncWrite + Unpin,
{
    let conversation = Mutex::new(Conversation::new());
    let conversation = || conversation.lock().unwrap_or_else(PoisonError::into_inner);
    // Both ways write to the client: the server's words, and our own "no" to encryption.
    let to_client = tokio::sync::Mutex::new(to_client);
    let mut controls = relay.controls.subscribe();

    let upwards = async {
        let mut buffer = vec![0; 65_536];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                return to_server.shutdown().await;
            }
            let asked = conversation().client_said(&buffer[..read], &relay.record);
            if asked {
                // It waits for this byte before it says more.
                conversation().server_said();
                to_client.lock().await.write_all(b"N").await?;
            } else {
                relay.rewrite(&mut buffer[..read]);
                to_server.write_all(&buffer[..read]).await?;
            }
        }
    };
    let downwards = async {
        let mut buffer = vec![0; 65_536];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return to_client.lock().await.shutdown().await;
            }
            let delay = controls.borrow().delay;
            if conversation().server_said() && !delay.is_zero() {
                pause(delay).await;
            }
            until(&mut controls, |now| !now.stalled).await;
            to_client.lock().await.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        // When the server has closed, and all of its words are through, so do we.
        done = downwards => done,
        // A client that has said its last word may still listen.
        Err(why) = upwards => Err(why),
    }
}

/// tokio's own clock counts whole milliseconds and rounds up, which would double one of them.
async fn pause(delay: Duration) {
    if delay > Duration::from_millis(50) {
        tokio::time::sleep(delay).await;
    } else {
        let slept = tokio::task::spawn_blocking(move || std::thread::sleep(delay));
        drop(slept.await);
    }
}

/// Waits until the controls are so. Their sender outlives every connection.
async fn until(controls: &mut watch::Receiver<Controls>, so: impl FnMut(&Controls) -> bool) {
    drop(controls.wait_for(so).await);
}

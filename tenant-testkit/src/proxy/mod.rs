mod frames;
mod record;
mod relay;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use crate::{
    Error, TestServer, background, credentials::Credentials, proxy::relay::Relay, url::Place,
};

/// A TCP relay in front of the server, to see what a driver says to it and to disturb it.
///
/// A **round trip** is a burst: what a client sends after the server has said something (or first
/// of all), up to the server's next word. It works the same from sync and async tests, for any
/// number of connections. It speaks no TLS: a client that asks for it is told so.
///
/// ```
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_testkit::TestDatabase;
///
/// let db = TestDatabase::create().await?;
/// let proxy = db.proxy().await?;
/// let (client, connection) =
///     tokio_postgres::connect(&proxy.url("postgres"), tokio_postgres::NoTls).await?;
/// tokio::spawn(connection);
///
/// proxy.reset();
/// client.batch_execute("SELECT 1").await?;
/// assert_eq!(proxy.round_trips(), 1);
/// assert_eq!(proxy.messages(), ["Query SELECT 1"]);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(f()).unwrap();
/// ```
///
/// Dropping it closes its port and its connections, a moment later.
#[derive(Debug)]
pub struct Proxy {
    server: &'static TestServer,
    database: String,
    credentials: Arc<Credentials>,
    address: SocketAddr,
    relay: Arc<Relay>,
}

impl Proxy {
    /// To be called in the background.
    pub(crate) fn start(
        server: &'static TestServer,
        database: String,
        credentials: Arc<Credentials>,
    ) -> Result<Self, Error> {
        let opening = || Error::io("open a port for the proxy on 127.0.0.1");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(opening())?;
        listener.set_nonblocking(true).map_err(opening())?;
        let address = listener.local_addr().map_err(opening())?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(opening())?;
        let relay = Arc::new(Relay::new(server.upstream()));
        background::spawn(relay::accept(Arc::clone(&relay), listener))?;
        Ok(Self { server, database, credentials, address, relay })
    }

    /// Where a role connects through the proxy. It needs no password: the relay goes on over the
    /// socket (for an external server see [`TestDatabase::url`](crate::TestDatabase::url)).
    pub fn url(&self, role: &str) -> String {
        let host = self.address.ip().to_string();
        Place { host: &host, port: self.address.port(), database: &self.database }
            .url(role, self.credentials.unless_trusted(role).as_deref())
    }

    /// Where the superuser connects through the proxy.
    pub fn superuser_url(&self) -> String {
        self.url(self.server.superuser())
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Starts counting anew.
    pub fn reset(&self) {
        self.relay.record.reset();
    }

    /// How many bursts came from clients since the last [`reset`](Self::reset), log-ins included.
    /// A mere good-bye is not counted: nobody waits for an answer to it.
    pub fn round_trips(&self) -> usize {
        self.relay.record.round_trips()
    }

    /// What each of these bursts said: the messages of the protocol with shortened SQL, joined by
    /// ` | `. Passwords are left out.
    pub fn messages(&self) -> Vec<String> {
        self.relay.record.messages()
    }

    /// Waits until so many bursts have come since the last [`reset`](Self::reset): whatever is to
    /// be in flight then is. It waits for ever where nothing comes; a test puts a bound on it.
    ///
    /// Dropping the future changes nothing.
    pub async fn reached(&self, round_trips: usize) {
        self.relay.record.reached(round_trips).await;
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.relay.open()
    }

    /// How many connections were ever made.
    pub fn accepted(&self) -> usize {
        self.relay.accepted()
    }

    /// Adds so much to each round trip, as a distant server would.
    pub fn set_delay(&self, delay: Duration) {
        self.relay.set_delay(delay);
    }

    /// Tells the server something else than the client said, as an attacker on the way would, or to
    /// make a message fail that is right: from now on the second text in place of the first, besides
    /// what else is rewritten. It must be as long, so that the messages around it stay whole, and in one piece in what a client
    /// sends at once. What [`messages`](Self::messages) tells is what the client said.
    ///
    /// # Panics
    /// If it is not as long, or empty.
    pub fn rewrite(&self, from: &str, to: &str) {
        assert!(!from.is_empty() && from.len() == to.len(), "`{from}` is not as long as `{to}`");
        self.relay.rewriting().push((from.to_owned(), to.to_owned()));
    }

    /// From now on the server hears what clients say.
    pub fn rewrite_nothing(&self) {
        self.relay.rewriting().clear();
    }

    /// Breaks all present connections, without a word to either side. New ones are served.
    pub fn cut(&self) {
        self.relay.cut();
    }

    /// Keeps what the server says from now on, until [`resume`](Self::resume): clients wait, and
    /// what they have asked for happens all the same.
    pub fn stall(&self) {
        self.relay.set_stalled(true);
    }

    /// Lets go of what [`stall`](Self::stall) kept.
    pub fn resume(&self) {
        self.relay.set_stalled(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.relay.close();
    }
}

use std::{
    fmt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use tenant_core::{SessionError, SqlSession};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio_postgres::Config;

use crate::{
    Error, TestSession, background,
    data_directory::SUPERUSER,
    external_server::{self, ExternalServer},
    find::own_server,
    own_server::OwnServer,
    url::Place,
};

static SERVER: OnceCell<TestServer> = OnceCell::const_new();

/// The PostgreSQL that this process's tests run on: one server per process, started when first
/// asked for, and gone when the process is, however it ends.
///
/// Where it comes from is described [above](crate#where-the-server-comes-from).
#[derive(Debug)]
pub struct TestServer {
    origin: Origin,
    /// A session in the database `postgres` (or the one that the external URL names).
    admin: TestSession,
    version: String,
    /// Names of our databases begin with it.
    run: String,
    databases: AtomicU64,
    /// Roles belong to the whole server; PostgreSQL refuses concurrent changes of one.
    roles: Mutex<()>,
}

#[derive(Debug)]
enum Origin {
    Own(OwnServer),
    External(Box<ExternalServer>),
}

impl Origin {
    /// The first thing asked of the server failed.
    fn unreachable(&self, why: SessionError) -> Error {
        match self {
            Self::Own(_) => why.into(),
            Self::External(_) => Error::ExternalServer {
                why: format!("{why}; the server must be up, and speak without TLS"),
            },
        }
    }

    /// The superuser's way into a database.
    fn config(&self, database: &str) -> Config {
        match self {
            Self::Own(server) => {
                let mut config = Config::new();
                config
                    .host_path(server.socket_directory())
                    .port(server.port())
                    .user(SUPERUSER)
                    .dbname(database);
                config
            }
            Self::External(server) => server.config(database),
        }
    }
}

impl TestServer {
    /// The server; starts it where that has not happened.
    ///
    /// # Errors
    /// [`Error::NoServer`] where there is none to be had; whatever keeps it from starting. The
    /// next call tries again.
    ///
    /// Dropping the future does not stop the start.
    pub async fn shared() -> Result<&'static Self, Error> {
        if let Some(server) = SERVER.get() {
            return Ok(server);
        }
        background::run(SERVER.get_or_try_init(Self::start)).await
    }

    async fn start() -> Result<Self, Error> {
        let (origin, run) = if let Some(server) = external_server::from_env()? {
            let run = server.run().to_owned();
            (Origin::External(Box::new(server)), run)
        } else {
            let server = own_server().await?;
            (Origin::Own(server), std::process::id().to_string())
        };
        let admin = TestSession::new(origin.config("postgres"));
        let version = admin
            .rows("SELECT current_setting('server_version') AS version", &[])
            .await
            .map_err(|why| origin.unreachable(why))?
            .into_iter()
            .find_map(|row| row.get("version")?.as_str().map(str::to_owned))
            .unwrap_or_default();
        let server = Self {
            origin,
            admin,
            version,
            run,
            databases: AtomicU64::new(0),
            roles: Mutex::new(()),
        };
        if let Origin::External(external) = &server.origin {
            external.enter(&server.admin).await?;
        }
        Ok(server)
    }

    /// One line for people: which PostgreSQL, and where it comes from.
    pub fn describe(&self) -> String {
        self.to_string()
    }

    /// The server's own version, for instance `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where a server of our own lies and has its socket; `None` for an external one.
    pub fn run_directory(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Own(server) => Some(server.socket_directory()),
            Origin::External(_) => None,
        }
    }

    /// The last lines of the log of a server of our own, for a test that wants to know more;
    /// `None` for an external one.
    pub fn log_tail(&self) -> Option<String> {
        match &self.origin {
            Origin::Own(server) => Some(server.log()),
            Origin::External(_) => None,
        }
    }

    /// The superuser's session that makes and drops databases.
    pub(crate) fn admin(&self) -> &TestSession {
        &self.admin
    }

    /// A name that no other database has.
    pub(crate) fn next_name(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        format!("t_{}_{number}", self.run)
    }

    /// To be held by whoever makes or drops roles.
    pub(crate) async fn roles_lock(&self) -> Result<RolesLock<'_>, Error> {
        let here = self.roles.lock().await;
        let everywhere = match &self.origin {
            Origin::Own(_) => None,
            Origin::External(external) => Some(external.lock().await?),
        };
        Ok(RolesLock { _here: here, _everywhere: everywhere })
    }

    /// The superuser's way into a database.
    pub(crate) fn session(&self, database: &str) -> TestSession {
        TestSession::new(self.origin.config(database))
    }

    pub(crate) fn session_as(
        &self,
        database: &str,
        role: &str,
        password: Option<&str>,
    ) -> TestSession {
        let mut config = self.origin.config(database);
        config.user(role);
        if let Some(password) = password {
            config.password(password);
        }
        TestSession::new(config)
    }

    pub(crate) fn superuser(&self) -> &str {
        match &self.origin {
            Origin::Own(_) => SUPERUSER,
            Origin::External(server) => server.user(),
        }
    }

    /// The password of the external URL's user, which is not ours to change.
    pub(crate) fn superuser_password(&self) -> Option<&str> {
        match &self.origin {
            Origin::Own(_) => None,
            Origin::External(server) => server.password(),
        }
    }

    /// Whether there is a way in without a password.
    pub(crate) fn is_trusting(&self) -> bool {
        matches!(self.origin, Origin::Own(_))
    }

    /// A role's URL by the way that needs no password, where there is one.
    pub(crate) fn url(&self, database: &str, role: &str, password: Option<&str>) -> String {
        match &self.origin {
            Origin::Own(server) => Place {
                host: &server.socket_directory().to_string_lossy(),
                port: server.port(),
                database,
            }
            .url(role, None),
            Origin::External(_) => self.tcp_url(database, role, password),
        }
    }

    /// A role's URL over TCP.
    pub(crate) fn tcp_url(&self, database: &str, role: &str, password: Option<&str>) -> String {
        let (host, port) = match &self.origin {
            Origin::Own(server) => ("127.0.0.1", server.port()),
            Origin::External(server) => (server.host(), server.port()),
        };
        Place { host, port, database }.url(role, password)
    }

    /// Where a proxy goes on to.
    pub(crate) fn upstream(&self) -> Upstream {
        match &self.origin {
            Origin::Own(server) => Upstream::Socket(server.socket()),
            Origin::External(server) => server.upstream(),
        }
    }
}

impl fmt::Display for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Own(server) => write!(f, "{}, started for this process", server.programs()),
            Origin::External(server) => write!(
                f,
                "PostgreSQL {} at {}:{}, from TENANT_TEST_DATABASE_URL",
                self.version,
                server.host(),
                server.port()
            ),
        }
    }
}

/// Nobody else changes roles while it lives.
#[derive(Debug)]
pub(crate) struct RolesLock<'a> {
    _here: MutexGuard<'a, ()>,
    _everywhere: Option<TestSession>,
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub(crate) enum Upstream {
    Socket(std::path::PathBuf),
    Tcp(String, u16),
}

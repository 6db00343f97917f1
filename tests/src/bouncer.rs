//! `PgBouncer` in front of a test's database.

use std::{
    fs,
    os::unix::{
        fs::{DirBuilderExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tenant_testkit::TestDatabase;
use uuid::Uuid;

const PORT: u16 = 6432;

/// How a [`Bouncer`] is set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `pool_mode`.
    pub mode: &'static str,
    /// How many connections to the server there are, for everybody.
    pub servers: u32,
    /// `ignore_startup_parameters`.
    pub ignored: &'static str,
    /// More lines.
    pub more: &'static str,
    /// What is run, if not what is found.
    pub program: Option<PathBuf>,
}

impl Default for Settings {
    /// Transaction mode, and one connection.
    fn default() -> Self {
        let ignored = "extra_float_digits";
        Self { mode: "transaction", servers: 1, ignored, more: "", program: None }
    }
}

impl Settings {
    /// A `PgBouncer` that keeps prepared statements: the one that `PGBOUNCER_NEWER` names, which is
    /// 1.21 or newer. `None` where it names none.
    pub fn newer() -> Option<Self> {
        let program = std::env::var_os("PGBOUNCER_NEWER").filter(|name| !name.is_empty())?;
        let more = "max_prepared_statements = 100\n";
        Some(Self { program: Some(program.into()), more, ..Self::default() })
    }
}

/// A `PgBouncer` of its own. It ends with the value.
#[derive(Debug)]
pub struct Bouncer {
    process: Child,
    directory: PathBuf,
    login: String,
    database: String,
}

impl Bouncer {
    /// Starts it in transaction mode with one connection to the server, for this login. It is found
    /// on `PATH` or in `/usr/sbin`.
    pub async fn start(database: &TestDatabase, login: &str) -> Self {
        Self::with(database, login, Settings::default()).await
    }

    /// Starts it so.
    pub async fn with(database: &TestDatabase, login: &str, settings: Settings) -> Self {
        let url = database.tcp_url(login).await.unwrap();
        let (credentials, server) = url.rsplit_once('@').unwrap();
        let password = credentials.rsplit_once(':').unwrap().1;
        let (host, port) = server.split_once('/').unwrap().0.split_once(':').unwrap();
        let directory = std::env::temp_dir().join(format!("bouncer-{}", Uuid::new_v4().simple()));
        fs::DirBuilder::new().mode(0o700).create(&directory).unwrap();
        let config = directory.join("pgbouncer.ini");
        let lines = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\n\
             unix_socket_dir = {dir}\nauth_type = trust\nauth_file = {dir}/users\n\
             pool_mode = {mode}\ndefault_pool_size = {servers}\nserver_reset_query =\n\
             ignore_startup_parameters = {ignored}\n{more}",
            dir = directory.display(),
            mode = settings.mode,
            servers = settings.servers,
            ignored = settings.ignored,
            more = settings.more,
        );
        fs::write(&config, lines).unwrap();
        let users = directory.join("users");
        fs::write(&users, format!("\"{login}\" \"{password}\"\n")).unwrap();
        let mut command = Command::new(settings.program.unwrap_or_else(|| "pgbouncer".into()));
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin")).arg(&config);
        if let Some(uid) = unprivileged() {
            for file in [&directory, &config, &users] {
                chown(file, Some(uid), None).unwrap();
            }
            command.uid(uid);
        }
        let log = fs::File::create(directory.join("log")).unwrap();
        let process = command
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("PgBouncer is not installed: on Debian, `apt-get install pgbouncer`");
        let bouncer = Self {
            process,
            directory,
            login: login.to_owned(),
            database: database.name().to_owned(),
        };
        bouncer.wait();
        bouncer
    }

    /// Until it listens. The socket says so; nothing else does.
    fn wait(&self) {
        let socket = self.directory.join(format!(".s.PGSQL.{PORT}"));
        let start = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(start.elapsed() < Duration::from_secs(20), "PgBouncer does not listen:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where the login connects.
    pub fn url(&self) -> String {
        self.url_of(&self.database)
    }

    /// Where it connects to another database of the same server.
    pub fn url_of(&self, database: &str) -> String {
        let host = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgres://{}@{host}:{PORT}/{database}", self.login)
    }
}

/// It refuses root, so root becomes somebody.
fn unprivileged() -> Option<u32> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok()
    };
    if id(&["-u"])? != 0 { None } else { id(&["-u", "nobody"]) }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

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

/// A `PgBouncer` of its own, with one connection to the server for everybody. It ends with the
/// value.
#[derive(Debug)]
pub struct Bouncer {
    process: Child,
    directory: PathBuf,
    login: String,
    database: String,
}

impl Bouncer {
    /// Starts it in transaction mode, for this login. It is found on `PATH` or in `/usr/sbin`.
    pub async fn start(database: &TestDatabase, login: &str) -> Self {
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
             pool_mode = transaction\ndefault_pool_size = 1\nserver_reset_query =\n\
             ignore_startup_parameters = extra_float_digits\n",
            dir = directory.display()
        );
        fs::write(&config, lines).unwrap();
        let users = directory.join("users");
        fs::write(&users, format!("\"{login}\" \"{password}\"\n")).unwrap();
        let mut command = Command::new("pgbouncer");
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
        let host = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgres://{}@{host}:{PORT}/{}", self.login, self.database)
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

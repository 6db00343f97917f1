//! A server of this process: started, and gone with it.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::mpsc::RecvTimeoutError,
    time::Duration,
};

use uuid::Uuid;

use crate::{
    Error, data_directory,
    home::{self, Home},
    programs::Programs,
    server_user::ServerUser,
    watchdog::{Event, Watchdog},
};

/// Recovery after a copy takes a fraction of a second; this is for a machine that is very busy.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often a port may turn out to be taken.
const PORTS: usize = 20;

/// Durability is what a test's database needs least.
const SETTINGS: [(&str, &str); 18] = [
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "200"),
    ("shared_buffers", "32MB"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_prepared_transactions", "0"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_min_messages", "warning"),
    ("log_checkpoints", "off"),
    ("log_autovacuum_min_duration", "-1"),
    ("log_line_prefix", "%m [%p] %d "),
];

#[derive(Debug)]
pub(crate) struct OwnServer {
    programs: Programs,
    run: PathBuf,
    port: u16,
    watchdog: Watchdog,
    /// Says to other processes that the run directory is in use.
    _held: File,
}

impl OwnServer {
    /// Blocks until it takes connections.
    pub(crate) fn start(
        programs: &Programs,
        home: &Home,
        user: &ServerUser,
    ) -> Result<Self, Error> {
        match Self::start_on(programs, home, user, free_ports()) {
            // The data directory that we copy may have lost files to whatever cleans up here.
            Err(Error::Start { .. }) => {
                data_directory::discard(home, programs, user)?;
                Self::start_on(programs, home, user, free_ports())
            }
            done => done,
        }
    }

    /// Tries these ports in turn: whether one is free is known only when PostgreSQL has taken it.
    fn start_on(
        programs: &Programs,
        home: &Home,
        user: &ServerUser,
        ports: impl Iterator<Item = Result<u16, Error>>,
    ) -> Result<Self, Error> {
        let data = {
            let lock = home.lock()?;
            home.sweep(user);
            data_directory::initialised(home, &lock, programs, user)?
        };
        let mut log = String::new();
        for port in ports.take(PORTS) {
            match Self::start_at(programs, home, user, &data, port?)? {
                Ok(server) => return Ok(server),
                Err(said) => log = said,
            }
            if !log.contains("could not bind") {
                break;
            }
        }
        Err(Error::Start { log })
    }

    /// The inner error is the log of a server that ended at once.
    fn start_at(
        programs: &Programs,
        home: &Home,
        user: &ServerUser,
        data: &Path,
        port: u16,
    ) -> Result<Result<Self, String>, Error> {
        let name = Uuid::new_v4().simple().to_string();
        let run = home.join(&format!("run-{}-{}", std::process::id(), &name[..8]));
        let mut arguments = vec![
            "-D".to_owned(),
            run.join("data").display().to_string(),
            "-p".to_owned(),
            port.to_string(),
            "-c".to_owned(),
            format!("unix_socket_directories=\"{}\"", run.display()),
        ];
        for (name, value) in SETTINGS {
            arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        }
        let postgres = programs.program("postgres");
        let (watchdog, events) = Watchdog::start(user, &run, data, &postgres, &arguments)?;
        match events.recv_timeout(PATIENCE) {
            Ok(Event::Ready) => {}
            Ok(Event::Ended) | Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(watchdog.log().tail()));
            }
            Err(RecvTimeoutError::Timeout) => {
                return Ok(Err(format!(
                    "{}\n(not ready after {PATIENCE:?})",
                    watchdog.log().tail()
                )));
            }
        }
        let held =
            home::hold(&run).map_err(Error::io(format!("lock the directory {}", run.display())))?;
        Ok(Ok(Self { programs: programs.clone(), run, port, watchdog, _held: held }))
    }

    /// Where its socket lies.
    pub(crate) fn socket_directory(&self) -> &Path {
        &self.run
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.run.join(format!(".s.PGSQL.{}", self.port))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    pub(crate) fn log(&self) -> String {
        self.watchdog.log().tail()
    }
}

/// Ports that were free a moment ago.
fn free_ports() -> impl Iterator<Item = Result<u16, Error>> {
    std::iter::repeat_with(|| {
        TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map(|address| address.port())
            .map_err(Error::io("find a free port on 127.0.0.1"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_does_not_matter() {
        let user = ServerUser::find().unwrap();
        let Ok(programs) = Programs::find(&user) else {
            return; // An external server: nothing of this happens.
        };
        let home = Home::open(&user).unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let ports = std::iter::once(Ok(port)).chain(free_ports());
        let server = OwnServer::start_on(&programs, &home, &user, ports).unwrap();
        let run = server.socket_directory().to_owned();
        assert_ne!(server.port(), port);
        assert!(server.socket().exists());
        drop(server);
        assert!(!run.exists());
    }

    #[test]
    fn a_broken_data_directory_is_made_again() {
        let user = ServerUser::find().unwrap();
        let Ok(programs) = Programs::find(&user) else {
            return;
        };
        // Not the one that other tests are copying just now.
        let parent = Home::open(&user).unwrap().join(&format!("run-{}-home", std::process::id()));
        let made = user.command("mkdir").args(["-m", "700"]).arg(&parent).status();
        assert!(made.unwrap().success());
        let home = Home::at(parent.clone());
        let lock = home.lock().unwrap();
        let data = data_directory::initialised(&home, &lock, &programs, &user).unwrap();
        drop(lock);
        let removed = user.command("rm").arg("-r").arg(data.join("pg_notify")).status();
        assert!(removed.unwrap().success());
        let server = OwnServer::start(&programs, &home, &user);
        let started = server.as_ref().map(|server| server.socket().exists()).ok();
        drop(server);
        user.command("rm").arg("-rf").arg(&parent).status().unwrap();
        assert_eq!(started, Some(true));
    }
}

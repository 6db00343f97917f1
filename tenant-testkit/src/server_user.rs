//! Who runs the server: whoever runs the tests, and in root's place `postgres` or `nobody`.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

use crate::Error;

#[derive(Debug, Clone)]
pub(crate) struct ServerUser {
    uid: u32,
    /// Set when we are root and have to become this user.
    gid: Option<u32>,
}

impl ServerUser {
    pub(crate) fn find() -> Result<Self, Error> {
        let me = rustix::process::geteuid();
        if !me.is_root() {
            return Ok(Self { uid: me.as_raw(), gid: None });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| {
                let uid = id("-u", name).filter(|uid| *uid != 0)?;
                let gid = id("-g", name)?;
                Some(Self { uid, gid: Some(gid) })
            })
            .ok_or(Error::NoServerUser)
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// Whom a directory that we made has to be given to.
    pub(crate) fn other_than_us(&self) -> Option<(u32, u32)> {
        self.gid.map(|gid| (self.uid, gid))
    }

    /// A program that runs as this user, undisturbed by our surroundings.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        // Ours may be closed to the other user.
        command.current_dir("/").stdin(Stdio::null());
        // PGDATA, PGPORT, PGOPTIONS and the like are meant for somebody else's server.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        // The server's messages are read by us; the time zone is not to be looked for.
        command.env("LC_ALL", "C").env_remove("LANGUAGE").env("TZ", "UTC");
        if let Some(gid) = self.gid {
            command.uid(self.uid).gid(gid);
        }
        command
    }
}

/// What `id` says, which knows users from a directory service, too.
fn id(what: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([what, user]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

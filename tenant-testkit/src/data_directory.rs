//! The initialised data directory that every server starts from a copy of.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
};

use crate::{Error, home::Home, programs::Programs, server_user::ServerUser};

/// The superuser of a server of ours.
pub(crate) const SUPERUSER: &str = "postgres";

/// On the socket, whose directory is closed to others, everybody is who they say they are, so that
/// tests need no passwords. On loopback, which is open to everybody on this machine, only a
/// password that the kit has drawn opens.
const HBA: &str = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

/// `C` sorts and speaks the same everywhere; small log files copy faster.
const INITDB: [&str; 7] = [
    "--encoding=UTF8",
    "--locale=C",
    "--auth=trust",
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=1",
    "--username=postgres",
];

const SCRIPT: &str = r#"
umask 077
initdb=$1 data=$2 hba=$3
shift 3
rm -rf "$data" "$data.new"
"$initdb" -D "$data.new" "$@" &&
  printf %s "$hba" >"$data.new/pg_hba.conf" &&
  mv "$data.new" "$data"
"#;

/// Makes it, once for each version and set of settings.
pub(crate) fn initialised(
    home: &Home,
    lock: &File,
    programs: &Programs,
    user: &ServerUser,
) -> Result<PathBuf, Error> {
    let data = path(home, programs);
    if data.exists() {
        return Ok(data);
    }
    let running = Error::io("run initdb");
    // It shares the lock, so that the lock lasts until it is done, even if we are killed.
    let lock = match lock.try_clone() {
        Ok(lock) => lock,
        Err(why) => return Err(running(why)),
    };
    let output = user
        .command("sh")
        .stdin(lock)
        .args(["-c", SCRIPT, "initdb"])
        .arg(programs.program("initdb"))
        .arg(&data)
        .arg(HBA)
        .args(INITDB)
        .output()
        .map_err(running)?;
    if output.status.success() {
        return Ok(data);
    }
    Err(Error::Initdb { output: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

/// Throws it away, for instance because something that cleans up temporary files took a part.
pub(crate) fn discard(home: &Home, programs: &Programs, user: &ServerUser) -> Result<(), Error> {
    let _lock = home.lock()?;
    user.command("rm")
        .arg("-rf")
        .arg(path(home, programs))
        .status()
        .map_err(Error::io("remove a broken data directory"))?;
    Ok(())
}

fn path(home: &Home, programs: &Programs) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    (programs.to_string(), HBA, INITDB, SCRIPT).hash(&mut hasher);
    home.join(&format!("data-{}-{:016x}", programs.version(), hasher.finish()))
}

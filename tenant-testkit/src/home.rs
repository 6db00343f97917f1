//! The directory, one per user, under which everything of ours lies for a while: initialised data
//! directories to copy, downloaded programs, and one run directory per server.

use std::{
    env,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Error, server_user::ServerUser};

/// A socket's path must fit into some hundred bytes.
const LONGEST_PARENT: usize = 55;
/// A run directory that nobody holds and that is older is nobody's any more; a younger one may
/// just be on its way in or out.
const ABANDONED: Duration = Duration::from_mins(10);

#[derive(Debug, Clone)]
pub(crate) struct Home {
    path: PathBuf,
}

impl Home {
    /// Makes it where it is not there, and trusts it only when nobody else could have.
    pub(crate) fn open(user: &ServerUser) -> Result<Self, Error> {
        let parent = Some(env::temp_dir())
            .filter(|dir| dir.is_absolute() && dir.as_os_str().len() <= LONGEST_PARENT)
            .unwrap_or_else(|| PathBuf::from("/tmp"));
        let path = parent.join(format!("tenant-testkit-{}", user.uid()));
        let doing = || format!("make the directory {}", path.display());
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(why) if why.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io(doing())(why));
            }
            _ => {}
        }
        // Not followed: a link is somebody else's trick.
        let found = fs::symlink_metadata(&path).map_err(Error::io(doing()))?;
        let unsafe_because = |why| Err(Error::UnsafeDirectory { path: path.clone(), why });
        if !found.is_dir() {
            return unsafe_because("is not a directory");
        }
        match user.other_than_us() {
            // Made by root a moment ago, by us or a sibling.
            Some((uid, gid)) if found.uid() == 0 => {
                chown(&path, Some(uid), Some(gid)).map_err(Error::io(doing()))?;
            }
            _ if found.uid() == user.uid() => {}
            _ => return unsafe_because("belongs to somebody else"),
        }
        if found.permissions().mode() & 0o077 != 0 {
            return unsafe_because("is open to others");
        }
        Ok(Self { path })
    }

    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Waits until no other process holds it. Ends with the file.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let doing = || format!("lock the directory {}", self.path.display());
        let lock = File::open(&self.path).map_err(Error::io(doing()))?;
        lock.lock().map_err(Error::io(doing()))?;
        Ok(lock)
    }

    /// Removes what a crashed machine or a killed watchdog left. To be called under the lock.
    ///
    /// A server that should still be running there ends by itself when it misses its directory.
    pub(crate) fn sweep(&self, user: &ServerUser) {
        let Ok(entries) = fs::read_dir(&self.path) else {
            return;
        };
        for entry in entries.flatten() {
            let ours = entry.file_name().as_encoded_bytes().starts_with(b"run-");
            if ours && is_abandoned(&entry.path()) {
                // As that user: links in there lead no further than it may go anyway.
                let removed = user.command("rm").arg("-rf").arg(entry.path()).status();
                tracing::debug!(directory = ?entry.path(), ?removed, "swept");
            }
        }
    }
}

fn is_abandoned(directory: &Path) -> bool {
    let age = fs::symlink_metadata(directory)
        .and_then(|found| found.modified())
        .map(|at| at.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age > ABANDONED) && hold(directory).is_ok()
}

/// Marks a run directory as in use, for as long as the file is open.
pub(crate) fn hold(directory: &Path) -> io::Result<File> {
    let file = File::open(directory)?;
    file.try_lock()?;
    Ok(file)
}

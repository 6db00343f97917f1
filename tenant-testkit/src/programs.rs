//! PostgreSQL's server programs on this machine.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use crate::{Error, server_user::ServerUser};

/// What `DROP DATABASE … WITH (FORCE)` needs.
const OLDEST: u32 = 13;

/// Folders of distributions; `*` stands for a version.
const FOLDERS: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew/opt/postgresql/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// A folder that holds `postgres` and `initdb`.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// As `postgres --version` says it, for instance `15.18`.
    version: String,
}

impl Programs {
    /// The first that works: `PG_BIN_DIR` alone where it is set; else the distributions' folders,
    /// newest version first, then `PATH`.
    pub(crate) fn find(user: &ServerUser) -> Result<Self, Missing> {
        if let Some(folder) = env::var_os("PG_BIN_DIR").filter(|dir| !dir.is_empty()) {
            let folder = PathBuf::from(folder);
            return Self::check(&folder, user).map_err(|why| Missing {
                looked: format!("{} (from PG_BIN_DIR): {why}", folder.display()),
                chosen: true,
            });
        }
        let mut looked: Vec<String> = FOLDERS.iter().map(ToString::to_string).collect();
        looked.push("PATH".to_owned());
        for folder in FOLDERS.iter().flat_map(|f| versions_of(f)).chain(path()) {
            match Self::check(&folder, user) {
                Ok(programs) => return Ok(programs),
                Err(why) => looked.push(format!("{} ({why})", folder.display())),
            }
        }
        Err(Missing { looked: looked.join(", "), chosen: false })
    }

    /// Whether the server's user can run what is there.
    pub(crate) fn check(folder: &Path, user: &ServerUser) -> Result<Self, String> {
        for name in ["postgres", "initdb"] {
            if !folder.join(name).is_file() {
                return Err(format!("there is no `{name}`"));
            }
        }
        let output = user
            .command(folder.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|why| format!("`postgres` cannot be run: {why}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .ok_or("`postgres --version` does not say a version")?;
        match major(version) {
            Some(major) if major >= OLDEST => {
                Ok(Self { folder: folder.to_owned(), version: version.to_owned() })
            }
            _ => Err(format!("{version} is older than {OLDEST}")),
        }
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

impl fmt::Display for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {} of {}", self.version, self.folder.display())
    }
}

/// Why no programs were found.
#[derive(Debug)]
pub(crate) struct Missing {
    looked: String,
    /// The user named a folder; what is not there is not to be replaced by something else.
    chosen: bool,
}

impl Missing {
    pub(crate) fn was_chosen(&self) -> bool {
        self.chosen
    }

    pub(crate) fn into_error(self, download: impl Into<String>) -> Error {
        Error::NoServer { looked: self.looked, download: download.into() }
    }
}

fn major(version: &str) -> Option<u32> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The folders that exist for a pattern, newest version first.
fn versions_of(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?;
            // `-` stands before the version in some of them.
            let number = major(version.trim_start_matches('-'))?;
            Some((number, PathBuf::from(format!("{}{after}", entry.path().display()))))
        })
        .filter(|(_, folder)| folder.join("postgres").exists())
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// The folders of `PATH` that have a `postgres`; where that is a link, the folder it leads to,
/// since `initdb` and the libraries are there.
fn path() -> Vec<PathBuf> {
    let Some(path) = env::var_os("PATH") else {
        return Vec::new();
    };
    env::split_paths(&path)
        .filter_map(|folder| {
            let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
            postgres.parent().map(Path::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first() {
        let parent = env::temp_dir().join(format!("programs-{}", std::process::id()));
        for version in ["9.6", "15", "17", "100beta1", "common"] {
            let bin = parent.join(format!("pgsql-{version}/bin"));
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join("postgres"), "").unwrap();
        }
        fs::create_dir_all(parent.join("pgsql-18/bin")).unwrap();
        let found = versions_of(&format!("{}/pgsql-*/bin", parent.display()));
        fs::remove_dir_all(&parent).unwrap();
        let names: Vec<_> =
            found.iter().map(|f| f.strip_prefix(&parent).unwrap().display().to_string()).collect();
        assert_eq!(names, ["pgsql-100beta1/bin", "pgsql-17/bin", "pgsql-15/bin", "pgsql-9.6/bin"]);
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major("15.18"), Some(15));
        assert_eq!(major("18beta2"), Some(18));
        assert_eq!(major("devel"), None);
    }
}

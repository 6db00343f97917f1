use std::{error::Error as StdError, io, path::PathBuf};

use tenant_core::SessionError;

/// What went wrong with the test server or a database on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// None of the three ways to a server was open.
    #[error(
        "there is no PostgreSQL server for tests. Take one of three ways:\n  \
         1. set TENANT_TEST_DATABASE_URL to the URL of a superuser on a server that may be used for tests;\n  \
         2. install PostgreSQL's server programs (13 or newer; nothing has to be started), \
         or set PG_BIN_DIR to the folder that holds `postgres` and `initdb`; looked in: {looked};\n  \
         3. let it be downloaded: the cargo feature `download` of tenant-testkit; {download}"
    )]
    NoServer {
        /// Where server programs were looked for, and what was wrong with them.
        looked: String,
        /// Why nothing was downloaded.
        download: String,
    },

    /// `TENANT_TEST_DATABASE_URL` cannot be used.
    #[error("TENANT_TEST_DATABASE_URL cannot be used: {why}")]
    ExternalServer {
        /// What is wrong, and what to do.
        why: String,
    },

    /// Run as root, and no user is known to run the server.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor \
         `nobody` to run it: run the tests as another user"
    )]
    NoServerUser,

    /// The directory for temporary files cannot be trusted.
    #[error("{} {why}: remove it, or set TMPDIR to another directory", path.display())]
    UnsafeDirectory {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },

    /// The operating system refused something.
    #[error("could not {what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },

    /// `initdb` failed.
    #[error(
        "initdb could not make a data directory; where the user who runs the server may not reach \
         it, set TMPDIR to another one. It said:\n{output}"
    )]
    Initdb {
        /// What it said.
        output: String,
    },

    /// `postgres` did not start.
    #[error("PostgreSQL did not start; its last words:\n{log}")]
    Start {
        /// The last lines of its log.
        log: String,
    },

    /// The database refused a statement, or could not be reached.
    #[error(transparent)]
    Session(#[from] SessionError),

    /// The isolation could not be installed.
    #[error(transparent)]
    Core(#[from] tenant_core::Error),

    /// A template's own set-up failed, for a reason of its own.
    #[error("the template could not be set up")]
    Setup {
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The thread that talks to the server is gone: it panicked, or the process is ending.
    #[error("the test kit's background thread is gone; the process is ending, or this is a bug")]
    Background,
}

impl Error {
    /// An error of your own in the set-up of a template
    /// ([`TestDatabase::from_template`](crate::TestDatabase::from_template)).
    pub fn setup(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Setup { source: source.into() }
    }

    /// For `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}

//! How a run ends: for people a message, for CI a number.

use std::{error::Error as StdError, fmt, process::ExitCode};

use tenant_core::SessionError;

use crate::{hide::hide, words::words};

/// What the process ends with. The numbers are a contract: `docs/cli.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Found = 1,
    Usage = 2,
    Unreachable = 3,
    Refused = 4,
    Open = 5,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command has to say, all of it for stdout.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Answer {
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), exit: Exit::Done }
    }

    pub(crate) fn found(text: impl Into<String>, anything: bool) -> Self {
        let exit = if anything { Exit::Found } else { Exit::Done };
        Self { text: text.into(), exit }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// The same with more to say.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.message.push_str("\n  ");
        self.message.push_str(more);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hide(&words(&self.message)))
    }
}

/// What core says, with what to do about it here.
impl<E: StdError + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let message = error.to_string();
        let Some(said) = session_error(&error) else { return Self::refused(message) };
        match said.sqlstate.as_deref() {
            // Nothing that a server answers: the connection.
            None => Self::new(Exit::Unreachable, message),
            Some(state) if state.starts_with("08") || state.starts_with("57P") => {
                Self::new(Exit::Unreachable, message)
            }
            Some("42501") => Self::refused(message).and(
                "this login may not: `plan`, `apply`, `revert`, `schemas`, `migrate` and `key` want a superuser or the \
                 `…_owner`, `tenants`, `databases`, `quota` and `audit` the `…_admin`, what makes databases a login \
                 that may, `adopt` whoever can read all tables",
            ),
            Some("3F000" | "42P01" | "42883") => Self::refused(message).and(
                "if the isolation is not installed here yet: `tenant plan`, then `tenant apply`",
            ),
            Some(_) => Self::refused(message),
        }
    }
}

fn session_error<'e>(mut error: &'e (dyn StdError + 'static)) -> Option<&'e SessionError> {
    loop {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        error = error.source()?;
    }
}

use crate::{Error, SessionError};

/// Why a run over all targets did not begin, or its log could not be read.
///
/// What went wrong in one target is that target's outcome, and no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationsError {
    /// Nobody.
    #[error("nobody is named who migrates; the log must say it: a person or a deployment")]
    Unaccountable,
    /// The application's migrations could not be listed.
    #[error("the migrations cannot be listed: {0}")]
    Unlisted(#[source] SessionError),
    /// The log could not be made, read or written.
    #[error(
        "the log of migrations (`tenancy_fleet.migrations`) cannot be used: {0}; \
         its login must own it, or may create schemas in its database"
    )]
    Log(#[source] SessionError),
    /// What core said.
    #[error(transparent)]
    Core(#[from] Error),
}

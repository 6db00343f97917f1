use std::{io, ops::Range};

/// Why a `tenant.toml` cannot be used. It never shows a value that could hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error(
        "{file} cannot be read: {source}; write one (docs/cli.md shows how), or name yours with `--config`"
    )]
    Unread {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error("{file}:{line}:{column}: {why}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, the first being 1.
        line: usize,
        /// The column, likewise, in characters.
        column: usize,
        /// What is wrong, and what to write instead.
        why: String,
    },
}

/// An error at a place of the text.
pub(super) fn at(text: &str, file: &str, span: Range<usize>, why: String) -> ConfigError {
    let before = text.get(..span.start.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    ConfigError::Invalid { file: file.to_owned(), line, column, why }
}

/// What the reader of TOML says, without the line that it would show: that may hold a password.
pub(super) fn of_toml(error: &toml::de::Error, text: &str, file: &str) -> ConfigError {
    let said = error.message();
    let why = in_words(said);
    at(text, file, error.span().unwrap_or_default(), why)
}

/// The reader's words without what it repeats of the file, and with what to write instead.
fn in_words(said: &str) -> String {
    let behind = |start: &str| said.split_once(start).map(|(_, rest)| rest);
    if let Some(rest) = behind("unknown field ") {
        let rest = rest.replace("expected one of", "write one of").replace("expected", "write");
        return format!("there is no key {rest}");
    }
    if let Some(rest) = behind("missing field ") {
        return format!("the key {rest} is missing here");
    }
    // A value that does not fit is repeated, whatever it is.
    let kinds = ["unknown variant ", "invalid type: ", "invalid value: ", "invalid length "];
    match said.split_once(", expected ") {
        Some((_, expected)) if kinds.iter().any(|kind| said.contains(kind)) => {
            format!("this should be {expected}")
        }
        _ => said.to_owned(),
    }
}

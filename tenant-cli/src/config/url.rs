//! Where databases are.

use serde::{Deserialize, Deserializer, de::Error as _};

/// A URL without a password: the file is kept where everybody reads it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Url(#[serde(deserialize_with = "passwordless")] pub(super) String);

/// The same where there may be none.
pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    passwordless(deserializer).map(Some)
}

fn passwordless<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    let in_user = user.is_some_and(|(user, _)| user.contains(':'));
    if in_user || url.contains("password=") {
        let why = "a password does not belong into this file: leave it out here, and put it into \
                   PGPASSWORD, or the whole URL into DATABASE_URL";
        return Err(D::Error::custom(why));
    }
    Ok(url)
}

use axum::http::{HeaderValue, header, request::Parts};

use crate::Refusal;

/// The longest token, in bytes.
pub(super) const MAX_TOKEN: usize = 8 * 1024;

/// Where a token stands in a request.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// `Authorization: Bearer …`
    Authorization,
    /// The cookie of this name.
    Cookie(String),
}

impl Place {
    /// The token, bounded and of the right letters, and not looked into.
    pub(super) fn token<'a>(&self, parts: &'a Parts) -> Result<Option<&'a str>, Refusal> {
        let token = match self {
            Self::Authorization => authorization(parts)?,
            Self::Cookie(name) => cookie(parts, name)?,
        };
        let Some(token) = token else { return Ok(None) };
        if token.len() > MAX_TOKEN {
            return Err(Refusal::bad_credentials("the token is longer than 8 KiB"));
        }
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if token.is_empty() || !token.bytes().all(letter) {
            return Err(Refusal::bad_credentials("the token is none"));
        }
        Ok(Some(token))
    }
}

fn read(value: &HeaderValue) -> Result<&str, Refusal> {
    value.to_str().map_err(Refusal::bad_credentials)
}

/// Another scheme than `Bearer` is another resolver's.
fn authorization(parts: &Parts) -> Result<Option<&str>, Refusal> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::bad_credentials("`Authorization` came more than once"));
    }
    let value = read(first)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' ')))
}

/// HTTP/2 may send cookies in several headers. Two of one name are not one of them.
fn cookie<'a>(parts: &'a Parts, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut found = None;
    for value in parts.headers.get_all(header::COOKIE) {
        for pair in value.as_bytes().split(|byte| *byte == b';') {
            let pair = pair.trim_ascii();
            let Some(rest) = pair.strip_prefix(name.as_bytes()) else { continue };
            let Some(token) = rest.strip_prefix(b"=") else { continue };
            let token = std::str::from_utf8(token).map_err(Refusal::bad_credentials)?;
            if found.replace(token).is_some() {
                return Err(Refusal::bad_credentials("the cookie came more than once"));
            }
        }
    }
    Ok(found)
}

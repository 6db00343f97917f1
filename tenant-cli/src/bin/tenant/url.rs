//! Where a database is: read without ever showing the password.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::{exit::Failure, tls::Tls};

/// How long a connection may take, unless the URL says so.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const EXAMPLE: &str = "write one such as postgres://shop_admin@localhost:5432/shop";

/// Where to connect, and how.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
}

impl Place {
    /// Reads a URL; `from` is where it stood. `password` is for one that has none.
    pub(crate) fn read(url: &str, from: &str, password: Option<String>) -> Result<Self, Failure> {
        let (url, options) = split(url);
        let wrong =
            |why: &str| Failure::usage(format!("{from} is no URL of a database: {why}; {EXAMPLE}"));
        // What the driver says of it could be a part of it.
        let mut config: Config = url
            .parse()
            .map_err(|_| wrong("it cannot be read, or has an option that is not known"))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(wrong("it names no user"));
        }
        if config.get_password().is_none()
            && let Some(password) = password
        {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.application_name("tenant");
        if let Some(mode) = options.mode {
            config.ssl_mode(mode);
        }
        let sockets = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => Tls::None,
            _ if sockets && config.get_hostaddrs().is_empty() => Tls::None,
            _ => Tls::verified(options.authorities.as_deref())?,
        };
        Ok(Self { config, tls })
    }

    /// In words, without the password.
    pub(crate) fn describe(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => {
                self.config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default()
            }
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let user = self.config.get_user().unwrap_or_default();
        format!("{} on {host}:{port} as {user}", self.config.get_dbname().unwrap_or(user))
    }
}

/// Whether others could read a password in it.
pub(crate) fn has_password(url: &str) -> bool {
    url.parse::<Config>().map_or_else(
        |_| url.split_once("://").is_some_and(|(_, rest)| rest.contains(':') && rest.contains('@')),
        |config| config.get_password().is_some(),
    )
}

#[derive(Default)]
struct TlsOptions {
    mode: Option<SslMode>,
    authorities: Option<String>,
}

/// Takes out what libpq knows and the driver does not.
fn split(url: &str) -> (String, TlsOptions) {
    let mut options = TlsOptions::default();
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), options) };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => {
                options.mode = Some(SslMode::Require);
                false
            }
            Some(("sslrootcert", path)) => {
                options.authorities =
                    Some(percent_decode_str(path).decode_utf8_lossy().into_owned());
                false
            }
            _ => true,
        })
        .collect();
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    (url, options)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_libpq_says_of_certificates_is_understood() {
        let (url, options) = split("postgres://u@h/d?sslmode=verify-full&sslrootcert=%2Fa+b&x=y");
        assert_eq!((&*url, options.mode), ("postgres://u@h/d?x=y", Some(SslMode::Require)));
        assert_eq!(options.authorities.as_deref(), Some("/a+b"));
        assert_eq!(split("postgres://u@h/d?sslmode=require").0, "postgres://u@h/d?sslmode=require");
    }

    proptest! {
        #[test]
        fn an_error_never_shows_the_password(
            before in r"\PC{0,12}", after in r"\PC{0,12}", glue in "[:@/?&= ]{0,3}",
        ) {
            for url in [
                format!("postgres://u:{before}GEHEIM{glue}{after}@h:99999/d"),
                format!("postgres://u:GEHEIM@h/d?{before}={after}"),
                format!("password=GEHEIM {before}={after}"),
                format!("{before}GEHEIM{after}"),
            ] {
                if let Err(error) = Place::read(&url, "DATABASE_URL", None) {
                    prop_assert!(!error.to_string().contains("GEHEIM"), "{error}");
                }
            }
        }
    }
}

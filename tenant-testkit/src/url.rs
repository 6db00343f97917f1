//! URLs that libpq, tokio-postgres and sqlx read alike.

use std::fmt::Write as _;

/// Where a role logs in.
pub(crate) struct Place<'a> {
    /// A host, or the directory of a socket.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
}

impl Place<'_> {
    pub(crate) fn url(&self, role: &str, password: Option<&str>) -> String {
        let password = password.map_or(String::new(), |p| format!(":{}", escaped(p)));
        // The brackets of an IPv6 address stay.
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { escaped(self.host) };
        format!(
            "postgresql://{}{password}@{host}:{}/{}",
            escaped(role),
            self.port,
            escaped(self.database)
        )
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_reads_back_what_was_put_in() {
        let place = Place { host: "/tmp/a b", port: 1, database: "t/\"ü?" };
        let url = place.url("a:b@c#d", Some("p%/w"));
        let config: tokio_postgres::Config = url.parse().unwrap();
        assert_eq!(config.get_user(), Some("a:b@c#d"));
        assert_eq!(config.get_password(), Some("p%/w".as_bytes()));
        assert_eq!(config.get_dbname(), Some("t/\"ü?"));
        assert_eq!(config.get_hosts(), [tokio_postgres::config::Host::Unix("/tmp/a b".into())]);
    }
}

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use async_trait::async_trait;
use axum::http::{HeaderName, header, request::Parts};

use crate::{
    Error, Locate, Named, Refusal, TrustedProxies,
    proxies::{single, text},
};

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The tenant that the host names: `acme.example.com`.
///
/// The host is the `Host` header, or HTTP/2's `:authority`; letters' case, a port and a last dot do
/// not count. An IP address, a user in front of an `@`, and what is no name are refused with 400, and
/// a host that nobody has with 404. `X-Forwarded-Host` is not looked at, unless
/// [`behind`](Self::behind) says whose counts.
///
/// ```
/// use tenant_axum::{HostResolver, Named};
///
/// let resolver = HostResolver::subdomain_of("example.com")?
///     .host("shop.acme.com", Named::Slug("acme".into()))? // a customer's own domain
///     .silent_at("app.example.com")?; // where everybody signs in
/// # let _ = resolver;
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HostResolver {
    /// With the dot in front; `None` where the whole host is the slug.
    suffix: Option<String>,
    hosts: HashMap<String, Named>,
    silent: HashSet<String>,
    proxies: Option<TrustedProxies>,
}

impl HostResolver {
    /// The label in front of this domain is the tenant's slug. At the domain itself it says nothing.
    ///
    /// # Errors
    /// [`Error::InvalidHost`].
    pub fn subdomain_of(domain: &str) -> Result<Self, Error> {
        let domain = configured(domain)?;
        let suffix = Some(format!(".{domain}"));
        Ok(Self { suffix, hosts: HashMap::new(), silent: HashSet::from([domain]), proxies: None })
    }

    /// The whole host, in lower case, is the tenant's slug.
    pub fn whole() -> Self {
        let (hosts, silent) = (HashMap::new(), HashSet::new());
        Self { suffix: None, hosts, silent, proxies: None }
    }

    /// This host is this tenant's, whatever the rest says.
    ///
    /// # Errors
    /// [`Error::InvalidHost`].
    pub fn host(mut self, host: &str, tenant: Named) -> Result<Self, Error> {
        self.hosts.insert(configured(host)?, tenant);
        Ok(self)
    }

    /// This host is no tenant's, and says nothing.
    ///
    /// # Errors
    /// [`Error::InvalidHost`].
    pub fn silent_at(mut self, host: &str) -> Result<Self, Error> {
        self.silent.insert(configured(host)?);
        Ok(self)
    }

    /// Behind these proxies the host is their `X-Forwarded-Host`, where they send one. From anybody
    /// else that header is refused with 403.
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    fn named(&self, host: &str) -> Result<Option<Named>, Refusal> {
        let host = normal(host).map_err(Refusal::malformed)?;
        if let Some(named) = self.hosts.get(&host) {
            return Ok(Some(named.clone()));
        }
        if self.silent.contains(&host) {
            return Ok(None);
        }
        let slug = match &self.suffix {
            None => Some(host.as_str()),
            Some(suffix) => host.strip_suffix(suffix).filter(|label| !label.contains('.')),
        };
        slug.map(|slug| Some(Named::Slug(slug.to_owned()))).ok_or(Refusal::Unknown)
    }
}

#[async_trait]
impl Locate for HostResolver {
    async fn locate(&self, parts: &Parts) -> Result<Option<Named>, Refusal> {
        let forwarded = match &self.proxies {
            Some(proxies) => proxies.value(parts, &FORWARDED_HOST)?,
            None => None,
        };
        match forwarded {
            Some(host) => self.named(host),
            None => self.named(&host(parts)?),
        }
    }
}

/// What the request was sent to. Two that differ are not one of them.
fn host(parts: &Parts) -> Result<Cow<'_, str>, Refusal> {
    let header = single(parts, &header::HOST)?.map(text).transpose()?;
    let authority = parts.uri.authority().map(axum::http::uri::Authority::as_str);
    match (header, authority) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => {
            Err(Refusal::malformed("`Host` and the URI name two hosts"))
        }
        (Some(host), _) | (None, Some(host)) => Ok(host.into()),
        (None, None) => Err(Refusal::malformed("the request names no host")),
    }
}

fn configured(host: &str) -> Result<String, Error> {
    normal(host).map_err(|why| Error::InvalidHost { host: host.to_owned(), why })
}

/// The name in lower case, without its port and its last dot.
fn normal(host: &str) -> Result<String, &'static str> {
    if host.contains('@') {
        return Err("a host has no user in front of it");
    }
    if host.starts_with('[') {
        return Err("an IP address is nobody's name");
    }
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    if port.parse::<u16>().is_err() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("what stands behind the colon is no port");
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.len() > 253 {
        return Err("a host's name is at most 253 bytes long");
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.split('.').all(|label| (1..=63).contains(&label.len()) && label.bytes().all(letter)) {
        return Err("a host's name is made of labels of 1 to 63 letters, digits, `-` and `_`");
    }
    // `127.1` and `0x7f.1` are addresses, too, to whoever reads them as one.
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("an IP address is nobody's name");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(host: &str) -> Result<Option<Named>, u16> {
        let resolver = HostResolver::subdomain_of("Example.com.").unwrap();
        let resolver = resolver.host("shop.acme.net", Named::Id(7.into())).unwrap();
        let resolver = resolver.silent_at("www.example.com").unwrap();
        resolver.named(host).map_err(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn a_label_in_front_of_the_domain_is_a_slug_however_it_is_written() {
        for host in ["acme.example.com", "ACME.Example.COM", "acme.example.com.:8443"] {
            assert_eq!(at(host), Ok(Some(Named::Slug("acme".into()))), "{host}");
        }
        assert_eq!(at("shop.ACME.net:80"), Ok(Some(Named::Id(7.into()))));
        assert_eq!(at("example.com"), Ok(None));
        assert_eq!(at("www.example.com:443"), Ok(None));
        let whole = HostResolver::whole().named("Shop.Acme.Net").unwrap();
        assert_eq!(whole, Some(Named::Slug("shop.acme.net".into())));
    }

    #[test]
    fn a_host_that_nobody_has_is_unknown_and_what_is_none_is_refused() {
        for host in ["acme.example.org", "a.b.example.com", "acmeexample.com", "localhost", "com"] {
            assert_eq!(at(host), Err(404), "{host}");
        }
        for host in [
            "",
            ".",
            ".example.com",
            "a..example.com",
            "10.0.0.1",
            "127.1",
            "0x7f.0x1",
            "[::1]",
            "::1",
            "acme@example.com",
            "acme:pw@x.example.com",
            "acme.example.com:",
            "acme.example.com:+80",
            "acme.example.com:99999",
            "acme.example.com/x",
            "acme%2eexample.com",
            "a b.example.com",
            "acme.example.com..",
            "acmé.example.com",
        ] {
            assert_eq!(at(host), Err(400), "{host}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_host_a_slug_is_one_label(host in "\\PC{0,30}(\\.example\\.com)?(:[0-9]{1,5})?") {
            if let Ok(Some(Named::Slug(slug))) = at(&host) {
                let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
                prop_assert!(slug.bytes().all(letter), "{}", slug);
                let start = format!("{slug}.example.com");
                prop_assert!(host.to_ascii_lowercase().starts_with(&start), "{}", slug);
            }
        }
    }
}

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{HeaderName, HeaderValue, request::Parts},
};
use ipnet::IpNet;

use crate::{Error, Refusal};

/// The networks that your own proxies speak from. What a header of theirs says is believed; who
/// else sends such a header is refused.
///
/// They are compared with the address of the connection's other end, so the application has to be
/// served with it: `app.into_make_service_with_connect_info::<SocketAddr>()`.
///
/// ```
/// use tenant_axum::TrustedProxies;
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "192.168.7.1", "fd00::/8"])?;
/// assert!(TrustedProxies::new(["everywhere"]).is_err());
/// # let _ = proxies;
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks and addresses.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] for what is neither.
    pub fn new<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let read = |text: &str| {
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            text.parse().ok().or_else(address)
        };
        networks
            .into_iter()
            .map(|text| read(text).ok_or_else(|| Error::InvalidNetwork { text: text.to_owned() }))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// An IPv4 address may come in IPv6's clothes.
    fn trust(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }

    /// The only value of a header that only a proxy may send; `None` where it was not sent.
    pub(crate) fn value<'a>(
        &self,
        parts: &'a Parts,
        name: &HeaderName,
    ) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = single(parts, name)? else { return Ok(None) };
        let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
            return Err(Refusal::Misconfigured(format!(
                "`{name}` counts only from a trusted proxy, and the peer's address is not known; \
                 serve `app.into_make_service_with_connect_info::<SocketAddr>()`"
            )));
        };
        if !self.trust(peer.ip()) {
            return Err(Refusal::Untrusted { what: name.to_string(), peer: peer.ip() });
        }
        text(value).map(Some)
    }
}

/// The value of a header that comes once or not at all.
pub(crate) fn single<'a>(
    parts: &'a Parts,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut values = parts.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(Refusal::malformed(format!("`{name}` came more than once"))),
    }
}

/// A value of visible ASCII. A comma is how some proxies join two headers of one name.
pub(crate) fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    let text = value.to_str().map_err(Refusal::malformed)?;
    if text.contains(',') {
        return Err(Refusal::malformed("a header that names a tenant has one value, and no comma"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_trusted_in_a_network_and_nowhere_else() {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]).unwrap();
        for peer in ["10.255.0.1", "192.0.2.7", "fd12::1", "::ffff:10.1.2.3"] {
            assert!(proxies.trust(peer.parse().unwrap()), "{peer}");
        }
        for peer in ["11.0.0.1", "192.0.2.8", "fe80::1", "::1", "::ffff:11.1.2.3", "::10.1.2.3"] {
            assert!(!proxies.trust(peer.parse().unwrap()), "{peer}");
        }
        assert!(!TrustedProxies::new([]).unwrap().trust("127.0.0.1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "10.0.0", "everywhere", "10.0.0.1:80"] {
            assert!(TrustedProxies::new([wrong]).is_err(), "{wrong}");
        }
    }
    #[test]
    fn two_values_that_a_proxy_has_joined_are_none() {
        for value in ["acme,bolt", "acme, acme", ",", "acme,"] {
            assert!(text(&HeaderValue::from_static(value)).is_err(), "{value}");
        }
        assert!(text(&HeaderValue::from_bytes(b"acm\xe9").unwrap()).is_err());
        assert_eq!(text(&HeaderValue::from_static("acme")).unwrap(), "acme");
    }
}

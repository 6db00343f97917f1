use async_trait::async_trait;
use axum::http::{HeaderName, request::Parts};

use crate::{By, Error, Locate, Named, Refusal, TrustedProxies};

/// The tenant that a header names. Only a trusted proxy may send it: from anybody else it is
/// refused with 403, and so is one that comes twice, with 400. Where it is absent, this says nothing.
///
/// ```
/// use tenant_axum::{By, HeaderResolver, TrustedProxies};
///
/// let gateway = TrustedProxies::new(["10.0.0.0/8"])?;
/// let resolver = HeaderResolver::new("x-tenant", By::Slug, gateway)?;
/// # let _ = resolver;
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HeaderResolver {
    name: HeaderName,
    by: By,
    proxies: TrustedProxies,
}

impl HeaderResolver {
    /// The header of this name, from these proxies.
    ///
    /// # Errors
    /// [`Error::InvalidName`] for what cannot be a header's name.
    pub fn new(name: &str, by: By, proxies: TrustedProxies) -> Result<Self, Error> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::InvalidName { name: name.to_owned() })?;
        Ok(Self { name, by, proxies })
    }
}

#[async_trait]
impl Locate for HeaderResolver {
    async fn locate(&self, parts: &Parts) -> Result<Option<Named>, Refusal> {
        let text = self.proxies.value(parts, &self.name)?;
        text.map(|text| self.by.read(text)).transpose()
    }
}

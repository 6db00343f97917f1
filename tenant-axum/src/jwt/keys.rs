use std::sync::Arc;

use jsonwebtoken::Header;

use crate::{Error, Jwks, JwtKey, Refusal};

/// Where the keys come from: given once, or a published set that changes.
#[derive(Debug, Clone)]
pub struct JwtKeys(Source);

#[derive(Debug, Clone)]
enum Source {
    Given(Arc<[JwtKey]>),
    Published(Jwks),
}

impl JwtKeys {
    /// These keys: more than one while one is replaced by the next.
    ///
    /// # Errors
    /// [`Error::NoKey`] for none.
    pub fn given(keys: impl IntoIterator<Item = JwtKey>) -> Result<Self, Error> {
        let keys: Arc<[JwtKey]> = keys.into_iter().collect();
        if keys.is_empty() { Err(Error::NoKey) } else { Ok(Self(Source::Given(keys))) }
    }

    /// The keys that may have signed a token with this head.
    pub(super) async fn for_token(&self, header: &Header) -> Result<Arc<[JwtKey]>, Refusal> {
        match &self.0 {
            Source::Given(keys) => Ok(Arc::clone(keys)),
            Source::Published(set) => set.keys(header.kid.as_deref()).await,
        }
    }
}

impl From<JwtKey> for JwtKeys {
    fn from(key: JwtKey) -> Self {
        Self(Source::Given([key].into()))
    }
}

impl From<Jwks> for JwtKeys {
    fn from(set: Jwks) -> Self {
        Self(Source::Published(set))
    }
}

impl JwtKey {
    /// Whether it may have signed a token with this head: a key without an id goes with any.
    pub(super) fn fits(&self, header: &Header) -> bool {
        let id = match (&self.kid, &header.kid) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        id && header.alg == self.algorithm.theirs()
    }
}

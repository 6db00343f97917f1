use tracing::warn;

/// Who must have issued a token: its `iss`.
#[derive(Debug, Clone)]
pub struct Issuer(pub(super) Option<Vec<String>>);

/// Whom a token must be meant for: its `aud`.
#[derive(Debug, Clone)]
pub struct Audience(pub(super) Option<Vec<String>>);

impl Issuer {
    /// This one, to the letter.
    pub fn named(issuer: impl Into<String>) -> Self {
        Self(Some(vec![issuer.into()]))
    }

    /// Or this one.
    pub fn or(mut self, issuer: impl Into<String>) -> Self {
        self.0.get_or_insert_default().push(issuer.into());
        self
    }

    /// Anybody who has the key. Where a key set serves several services, or several customers of
    /// the service that signs in, this lets the tokens of all of them in.
    pub fn any_unchecked(why: &'static str) -> Self {
        warn!(target: "tenant", why, "the issuer of tokens is not checked");
        Self(None)
    }
}

impl Audience {
    /// This one, to the letter; a token may name more.
    pub fn named(audience: impl Into<String>) -> Self {
        Self(Some(vec![audience.into()]))
    }

    /// Or this one.
    pub fn or(mut self, audience: impl Into<String>) -> Self {
        self.0.get_or_insert_default().push(audience.into());
        self
    }

    /// Anybody. A token that was given out for another service is then good here.
    pub fn any_unchecked(why: &'static str) -> Self {
        warn!(target: "tenant", why, "the audience of tokens is not checked");
        Self(None)
    }
}

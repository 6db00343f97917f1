use std::time::Duration;

use async_trait::async_trait;
use axum::http::request::Parts;
use jsonwebtoken::{Validation, crypto::aws_lc::DEFAULT_PROVIDER, decode, decode_header};
use tracing::warn;

use super::{
    bearer::Place,
    claims::{Claims, Path},
};
use crate::{Audience, Authenticate, Authenticated, By, Error, Issuer, JwtKey, JwtKeys, Refusal};

/// The most leeway for clocks that differ.
const MAX_LEEWAY: Duration = Duration::from_mins(1);

/// Who asks, by a JSON Web Token: `Authorization: Bearer …`, or a cookie.
///
/// Its signature must hold under a key whose algorithm is the key's own and not the token's choice;
/// `exp` must be there and in the future, `nbf`, where it is there, in the past; `iss` and `aud` must
/// be those that are named here. A token of more than 8 KiB is refused unread.
///
/// The user is its `sub`, and the registry is asked whether that user is a member of the tenant. A
/// token may name a tenant ([`tenant_claim`](Self::tenant_claim)), and is then good for no other
/// one; the tenant's epoch when it was given out is its claim `tenant_epoch`, a whole number, 0 where
/// it is absent or the token names no tenant.
///
/// ```
/// use tenant_axum::{Audience, By, Issuer, JwtAlgorithm, JwtKey, JwtResolver};
/// use tenant_core::TenantKey;
///
/// let key = JwtKey::secret(JwtAlgorithm::Hs256, &[7; 32])?;
/// let issuer = Issuer::named("https://id.example.com");
/// let resolver = JwtResolver::new(key, issuer, Audience::named("invoices"))
///     .tenant_claim(["app_metadata", "tenant_id"], By::Id(TenantKey::Uuid))?;
/// # let _ = resolver;
/// # Ok::<(), tenant_axum::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct JwtResolver {
    keys: JwtKeys,
    issuer: Issuer,
    audience: Audience,
    place: Place,
    leeway: Duration,
    tenant: Option<(Path, By)>,
    user: Path,
    epoch: Option<Path>,
    trusted: bool,
}

impl JwtResolver {
    /// Tokens under these keys, from this issuer, for this audience.
    pub fn new(keys: impl Into<JwtKeys>, issuer: Issuer, audience: Audience) -> Self {
        // Where another crate has switched on both providers, the library could not choose, and
        // would panic. One that the application has installed stays.
        let _ = DEFAULT_PROVIDER.install_default();
        Self {
            keys: keys.into(),
            issuer,
            audience,
            place: Place::Authorization,
            leeway: Duration::from_secs(10),
            tenant: None,
            user: Path::one("sub"),
            epoch: Some(Path::one("tenant_epoch")),
            trusted: false,
        }
    }

    /// The claim that names the tenant, by the names on the way to it. A token without it names
    /// none: then somebody else has to, and the user's membership decides.
    ///
    /// # Errors
    /// [`Error::InvalidClaim`].
    pub fn tenant_claim<S: Into<String>>(
        mut self,
        path: impl IntoIterator<Item = S>,
        by: By,
    ) -> Result<Self, Error> {
        self.tenant = Some((Path::new(path)?, by));
        Ok(self)
    }

    /// The claim that names the user, in place of `sub`.
    ///
    /// # Errors
    /// [`Error::InvalidClaim`].
    pub fn user_claim<S: Into<String>>(
        mut self,
        path: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        self.user = Path::new(path)?;
        Ok(self)
    }

    /// The claim with the tenant's epoch, in place of `tenant_epoch`.
    ///
    /// # Errors
    /// [`Error::InvalidClaim`].
    pub fn epoch_claim<S: Into<String>>(
        mut self,
        path: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        self.epoch = Some(Path::new(path)?);
        Ok(self)
    }

    /// The token is in this cookie, and `Authorization` is not looked at. Browsers send cookies with
    /// requests that other sites make: protect what writes against that.
    ///
    /// # Errors
    /// [`Error::InvalidName`].
    pub fn cookie(mut self, name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let letter = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte);
        if name.is_empty() || !name.bytes().all(letter) {
            return Err(Error::InvalidName { name });
        }
        self.place = Place::Cookie(name);
        Ok(self)
    }

    /// How far clocks may differ: 10 seconds unless said, at most 60.
    ///
    /// # Errors
    /// [`Error::InvalidLeeway`] for more.
    pub fn leeway(mut self, leeway: Duration) -> Result<Self, Error> {
        if leeway > MAX_LEEWAY {
            return Err(Error::InvalidLeeway { leeway, max: MAX_LEEWAY });
        }
        self.leeway = leeway;
        Ok(self)
    }

    /// A token that names a tenant is believed: the registry is not asked whether the user is a
    /// member, so one who is no longer stays until the token expires, or the tenant's epoch is raised. A
    /// token that names none is checked all the same.
    pub fn trust_token_unchecked(mut self, why: &'static str) -> Self {
        warn!(target: "tenant", why, "the membership of a token's user is not checked");
        self.trusted = true;
        self
    }

    /// Raising a tenant's epoch does not revoke tokens: they are good until they expire.
    pub fn epoch_unchecked(mut self, why: &'static str) -> Self {
        warn!(target: "tenant", why, "tokens are not compared with the tenant's epoch");
        self.epoch = None;
        self
    }

    async fn claims(&self, token: &str) -> Result<Claims, Refusal> {
        let header = decode_header(token).map_err(Refusal::bad_credentials)?;
        // `crit` names what must be understood, and nothing of it is; `zip` and `enc` are no JWS's.
        if header.crit.is_some() || header.zip.is_some() || header.enc.is_some() {
            return Err(Refusal::bad_credentials(
                "the token's head asks for what is not done here",
            ));
        }
        let keys = self.keys.for_token(&header).await?;
        let mut refused = None;
        for key in keys.iter().filter(|key| key.fits(&header)) {
            match decode::<Claims>(token, &key.key, &self.validation(key)) {
                Ok(token) => return Ok(token.claims),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.map_or_else(
            || Refusal::bad_credentials("no key is for the token's algorithm and key id"),
            Refusal::bad_credentials,
        ))
    }

    /// For this key's algorithm alone.
    fn validation(&self, key: &JwtKey) -> Validation {
        let mut validation = Validation::new(key.algorithm.theirs());
        validation.leeway = self.leeway.as_secs();
        validation.validate_nbf = true;
        validation.validate_aud = self.audience.0.is_some();
        let mut required = vec!["exp"];
        if let Some(issuers) = &self.issuer.0 {
            validation.set_issuer(issuers);
            required.push("iss");
        }
        if let Some(audiences) = &self.audience.0 {
            validation.set_audience(audiences);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation
    }

    fn authenticated(&self, claims: &Claims) -> Result<Authenticated, Refusal> {
        let user = self.user.user(claims)?;
        let mut who = user.map_or_else(Authenticated::nobody, Authenticated::user);
        who.epoch = self.epoch.as_ref().map(|path| path.epoch(claims)).transpose()?;
        who.trusted = self.trusted;
        if let Some((path, by)) = &self.tenant {
            who.tenant = path.tenant(claims, *by)?;
        }
        Ok(who)
    }
}

#[async_trait]
impl Authenticate for JwtResolver {
    async fn authenticate(&self, parts: &Parts) -> Result<Option<Authenticated>, Refusal> {
        let Some(token) = self.place.token(parts)? else { return Ok(None) };
        let claims = self.claims(token).await?;
        self.authenticated(&claims).map(Some)
    }
}

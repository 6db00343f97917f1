//! Tokens. A demo of who issues them: it hashes no password, and does not limit how often one is
//! tried. `tenant-axum` verifies tokens, and leaves issuing them to your identity provider.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{Json, extract::State as Of};
use jsonwebtoken::{EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenant_axum::{Audience, By, Issuer, JwtAlgorithm, JwtKey, JwtResolver};
use tenant_core::TenantRegistry;
use tenant_examples::entity::TENANCY;

use crate::{Result, failure::Failure, state::Shared};

/// An example's; yours comes from your secret store.
pub(crate) const SECRET: &[u8] = b"only-an-example: 32 bytes and more of randomness";
pub(crate) const ISSUER: &str = "invoices-api";
const AUDIENCE: &str = "invoices";
/// Seconds.
const LIFETIME: u64 = 15 * 60;

#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) exp: u64,
    pub(crate) sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_id: Option<String>,
    /// Raise the tenant's epoch, and every token of before is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant_epoch: Option<i64>,
}

/// `POST /login`.
pub(crate) async fn login(
    Of(state): Shared,
    Json(login): Json<Login>,
) -> std::result::Result<Json<Value>, Failure> {
    let user = state.users.get(&login.user).filter(|user| user.password == login.password);
    let user = user.ok_or(Failure::Unauthorized)?;
    let record = state.registry.find(&user.tenant).await.map_err(Failure::Internal)?;
    let record = record.ok_or(Failure::Unauthorized)?;
    let mut claims = claims(login.user, AUDIENCE);
    claims.tenant_id = Some(record.id.to_string());
    claims.tenant_epoch = Some(record.epoch);
    Ok(Json(json!({ "token": sign(&claims)?, "tenant": record.slug })))
}

pub(crate) fn claims(user: String, audience: &str) -> Claims {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Claims {
        iss: ISSUER.into(),
        aud: audience.into(),
        exp: now + LIFETIME,
        sub: user,
        tenant_id: None,
        tenant_epoch: None,
    }
}

pub(crate) fn sign(claims: &Claims) -> std::result::Result<String, Failure> {
    let key = EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&Header::default(), claims, &key).map_err(Failure::internal)
}

/// What of a request says who asks, and for which tenant.
pub(crate) fn resolver() -> Result<JwtResolver> {
    let key = JwtKey::secret(JwtAlgorithm::Hs256, SECRET)?;
    Ok(JwtResolver::new(key, Issuer::named(ISSUER), Audience::named(AUDIENCE))
        .tenant_claim(["tenant_id"], By::Id(TENANCY.key()))?)
}

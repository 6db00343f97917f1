//! Tokens, and whose they are: the claim is believed as it stands.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    extract::{FromRequestParts, State as Of},
    http::{header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{State, routes::Failure};

/// An example's; yours comes from your secret store.
const SECRET: &[u8] = b"only-an-example: 32 bytes and more of randomness";
/// Seconds.
const LIFETIME: u64 = 15 * 60;

#[derive(Deserialize)]
pub(crate) struct Login {
    user: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    exp: u64,
    sub: String,
    tenant_id: Uuid,
}

pub(crate) async fn login(
    Of(state): Of<Arc<State>>,
    Json(login): Json<Login>,
) -> Result<Json<Value>, Failure> {
    let user = state.users.get(&login.user).filter(|(password, _)| *password == login.password);
    let &(_, tenant_id) = user.ok_or(Failure::Unauthorized)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let claims = Claims { exp: now + LIFETIME, sub: login.user, tenant_id };
    let key = EncodingKey::from_secret(SECRET);
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key);
    Ok(Json(json!({ "token": token.map_err(|e| Failure::Internal(e.into()))? })))
}

/// The tenant that the token names.
pub(crate) struct Tenant(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Tenant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
        let token = header.and_then(|h| h.strip_prefix("Bearer ")).ok_or(Failure::Unauthorized)?;
        let key = DecodingKey::from_secret(SECRET);
        let token = jsonwebtoken::decode::<Claims>(token, &key, &Validation::new(Algorithm::HS256));
        token.map(|token| Self(token.claims.tenant_id)).map_err(|_| Failure::Unauthorized)
    }
}

//! Staff sign in elsewhere and with tokens for another audience: a tenant's user never is staff.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    login::{self, Claims, Login},
};

const AUDIENCE: &str = "invoices-staff";
/// A demo's one member of staff.
pub(crate) const DEMO: (&str, &str) = ("sam@support", "demo");

/// `POST /admin/login`.
pub(crate) async fn sign_in(Json(login): Json<Login>) -> Result<Json<Value>, Failure> {
    if (login.user.as_str(), login.password.as_str()) != DEMO {
        return Err(Failure::Unauthorized);
    }
    Ok(Json(json!({ "token": login::sign(&login::claims(login.user, AUDIENCE))? })))
}

/// Somebody of staff, by name: the actor of what is written into the audit log.
pub(crate) struct Staff(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
        let token = header.and_then(|h| h.strip_prefix("Bearer ")).ok_or(Failure::Unauthorized)?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[login::ISSUER]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        let key = DecodingKey::from_secret(login::SECRET);
        let token = jsonwebtoken::decode::<Claims>(token, &key, &rules);
        token.map(|token| Self(token.claims.sub)).map_err(|_| Failure::Unauthorized)
    }
}

//! What went wrong, and what of it a client is told: a problem by RFC 9457 that leaks nothing.

use std::{error::Error as StdError, sync::Arc};

use axum::{
    Json,
    extract::{Request, State as Of},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tenant_core::AuditRecord;

use crate::state::State;

#[derive(Debug)]
pub(crate) enum Failure {
    NotFound,
    Unauthorized,
    Invalid(&'static str),
    /// The state of a tenant, or what there is, does not allow it.
    Conflict(&'static str),
    /// A quota is used up.
    Quota(Box<AuditRecord>),
    /// The tenant was suspended since this request was let in.
    NotActive,
    /// Row security or a grant refused a write.
    Refused(Box<AuditRecord>),
    /// What axum refuses.
    Http(StatusCode),
    Internal(Box<dyn StdError + Send + Sync>),
}

impl Failure {
    pub(crate) fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, kind, title) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "invoices:not-found", "Not found"),
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "invoices:unauthorized", "Sign in first")
            }
            Self::Invalid(why) => (StatusCode::UNPROCESSABLE_ENTITY, "invoices:invalid", *why),
            Self::Conflict(why) => (StatusCode::CONFLICT, "invoices:conflict", *why),
            Self::Quota(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "invoices:quota", "A quota is used up")
            }
            // As the layer says it.
            Self::NotActive => (StatusCode::FORBIDDEN, "tenant:suspended", "Suspended"),
            Self::Refused(_) => (StatusCode::FORBIDDEN, "invoices:refused", "Not allowed"),
            Self::Http(status) => {
                (*status, "invoices:request", status.canonical_reason().unwrap_or("Refused"))
            }
            Self::Internal(error) => {
                // The log gets the reason, the client none.
                eprintln!("internal error: {error}");
                (StatusCode::INTERNAL_SERVER_ERROR, "invoices:internal", "Internal error")
            }
        };
        let kind = format!("urn:problem-type:{kind}");
        let body = json!({ "type": kind, "title": title, "status": status.as_u16() });
        let mut response = (status, Json(body)).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if let Self::Quota(record) | Self::Refused(record) = self {
            response.extensions_mut().insert(record);
        }
        response
    }
}

/// Writes what a handler's failure carries into the audit log. What axum itself refuses (a path of no
/// route, a body that is none) becomes a problem, too.
pub(crate) async fn record(Of(state): Of<Arc<State>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(record) = response.extensions().get::<Box<AuditRecord>>() {
        state.record(record).await;
    }
    let status = response.status();
    let json = response.headers().get(header::CONTENT_TYPE);
    if status.is_client_error() && json.is_none_or(|t| t != "application/problem+json") {
        return Failure::Http(status).into_response();
    }
    response
}

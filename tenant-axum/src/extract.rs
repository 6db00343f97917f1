use std::ops::Deref;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Response},
};
use tenant_core::{TenantScope, Verified};
use tracing::error;

use crate::{Problem, refusal::Kind};

/// The request's tenant: a verified scope, which opens a `TenantDb`.
///
/// A handler that does not take it has nothing to open a database with: `TenantDb`, as a state, runs
/// no query, and its `begin` takes a verified scope, which nothing but a registry makes.
///
/// ```
/// use axum::{Router, extract::State, routing::get};
/// use tenant_axum::Tenant;
/// use tenant_seaorm::TenantDb;
///
/// async fn invoices(State(db): State<TenantDb>, tenant: Tenant) -> Result<(), String> {
///     let tx = db.begin(&tenant).await.map_err(|e| e.to_string())?;
///     tx.commit().await.map_err(|e| e.to_string())
/// }
/// let app: Router<TenantDb> = Router::new().route("/invoices", get(invoices));
/// ```
///
/// The same without the extractor does not compile:
///
/// ```compile_fail,E0061
/// use axum::{Router, extract::State, routing::get};
/// use tenant_seaorm::TenantDb;
///
/// async fn invoices(State(db): State<TenantDb>) -> Result<(), String> {
///     let tx = db.begin().await.map_err(|e| e.to_string())?;
///     tx.commit().await.map_err(|e| e.to_string())
/// }
/// let app: Router<TenantDb> = Router::new().route("/invoices", get(invoices));
/// ```
///
/// There is no form of it that may be absent: a route that anybody may call stands outside of the
/// layer, and a handler that goes on without a tenant after one was refused would be a hole.
#[derive(Debug, Clone)]
pub struct Tenant(TenantScope<Verified>);

impl Tenant {
    /// The verified scope.
    pub fn scope(&self) -> &TenantScope<Verified> {
        &self.0
    }

    /// The same, to be kept for longer than the request; it goes stale.
    pub fn into_scope(self) -> TenantScope<Verified> {
        self.0
    }
}

impl Deref for Tenant {
    type Target = TenantScope<Verified>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Tenant {
    type Rejection = NoTenantLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let scope = parts.extensions.get::<TenantScope<Verified>>();
        scope.cloned().map(Self).ok_or(NoTenantLayer(()))
    }
}

/// No [`TenantLayer`](crate::TenantLayer) ran before the handler: the route was added behind the
/// layer, or there is none. The client gets 500, the log says why.
#[derive(Debug, thiserror::Error)]
#[error(
    "a handler takes `Tenant`, but no `TenantLayer` ran for its route; \
     add the route before the layer: `Router::new().route(…).layer(tenants)`"
)]
pub struct NoTenantLayer(());

impl IntoResponse for NoTenantLayer {
    fn into_response(self) -> Response {
        error!(target: "tenant", "{self}");
        Problem::new(Kind::Misconfigured).response(HeaderMap::new())
    }
}

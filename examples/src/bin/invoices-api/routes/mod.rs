//! Which address does what.

mod admin;
mod export;
mod invoices;
mod jobs;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};
use tenant_axum::{By, PathResolver, TenantLayer};

use crate::{Result, failure, login, staff, state::State};

/// For tenants' users. A route that is added behind the layer has no tenant.
pub(crate) fn public(state: &Arc<State>) -> Result<Router> {
    let tenants = TenantLayer::new(Arc::new(state.registry.clone()))
        .authenticate(login::resolver()?)
        .locate(PathResolver::parameter("tenant", By::Slug));
    Ok(Router::new()
        .route("/invoices", get(invoices::list).post(invoices::create))
        .route("/invoices/{id}", get(invoices::one))
        .route("/revenue", get(invoices::revenue))
        .route("/t/{tenant}/invoices", get(invoices::list))
        .route("/jobs/report", post(jobs::order))
        .route("/jobs/{id}", get(jobs::one))
        .route("/export", post(export::export))
        .layer(tenants)
        .route("/login", post(login::login))
        .layer(middleware::from_fn_with_state(state.clone(), failure::record))
        .with_state(state.clone()))
}

/// For staff, at an address of its own.
pub(crate) fn admin(state: &Arc<State>) -> Router {
    Router::new()
        .route("/admin/login", post(staff::sign_in))
        .route("/admin/tenants", get(admin::tenants))
        .route("/admin/tenants/{slug}/suspend", post(admin::suspend))
        .route("/admin/tenants/{slug}/resume", post(admin::resume))
        .route("/admin/tenants/{slug}/erase", post(admin::erase))
        .route("/admin/tenants/{slug}/revenue", get(admin::revenue))
        .route("/admin/audit", get(admin::audit))
        .layer(middleware::from_fn_with_state(state.clone(), failure::record))
        .with_state(state.clone())
}

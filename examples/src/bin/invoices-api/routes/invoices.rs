//! A tenant's invoices. No handler names a tenant: its scope does.

use axum::{
    Json,
    extract::{Path, Query, State as Of},
    http::StatusCode,
};
use serde::Deserialize;
use tenant_axum::Tenant;
use tenant_examples::invoices::{Invoice, NewInvoice, Revenue};

use crate::{failure::Failure, state::Shared};

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<u32>,
}

pub(super) async fn list(
    Of(state): Shared,
    tenant: Tenant,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Invoice>>, Failure> {
    let limit = page.limit.unwrap_or(20).min(100);
    Ok(Json(state.invoices.list(&tenant, limit).await?))
}

/// Another tenant's invoice is not found, as one that nobody has.
pub(super) async fn one(
    Of(state): Shared,
    tenant: Tenant,
    Path(id): Path<i32>,
) -> Result<Json<Invoice>, Failure> {
    state.invoices.get(&tenant, id).await?.map(Json).ok_or(Failure::NotFound)
}

pub(super) async fn create(
    Of(state): Shared,
    tenant: Tenant,
    Json(new): Json<NewInvoice>,
) -> Result<(StatusCode, Json<Invoice>), Failure> {
    let invoice = state.invoices.create(&tenant, new).await?;
    Ok((StatusCode::CREATED, Json(invoice)))
}

pub(super) async fn revenue(Of(state): Shared, tenant: Tenant) -> Result<Json<Revenue>, Failure> {
    Ok(Json(state.invoices.revenue(&tenant).await?))
}

//! Reports, which a worker writes.

use axum::{
    Json,
    extract::{Path, State as Of},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde_json::json;
use tenant_axum::Tenant;
use tenant_core::SignedJob;

use crate::{
    failure::Failure,
    invoices::Report,
    queue,
    state::Shared,
    worker::{REVENUE_REPORT, RevenueReport},
};

/// The report is a row of the tenant's, the job one of everybody's queue: two transactions. Cut
/// between them, the report stays `queued`, and is ordered again.
pub(super) async fn order(Of(state): Shared, tenant: Tenant) -> Result<impl IntoResponse, Failure> {
    let report = state.invoices.order_report(&tenant).await?;
    let job = SignedJob::new(&state.job_key, REVENUE_REPORT, &tenant, &RevenueReport { report });
    let job = job.map_err(Failure::internal)?;
    queue::enqueue(&state.queue, &job).await.map_err(Failure::Internal)?;
    state.enqueued.notify_one();
    let place = [(header::LOCATION, format!("/jobs/{report}"))];
    Ok((StatusCode::ACCEPTED, place, Json(json!({ "id": report, "status": "queued" }))))
}

pub(super) async fn one(
    Of(state): Shared,
    tenant: Tenant,
    Path(id): Path<i32>,
) -> Result<Json<Report>, Failure> {
    state.invoices.report(&tenant, id).await?.map(Json).ok_or(Failure::NotFound)
}

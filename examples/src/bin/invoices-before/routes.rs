//! Which address does what. Each handler passes the tenant on.

use std::{error::Error, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State as Of},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;
use tenant_examples::invoices::{Invoice, NewInvoice, Revenue};

use crate::{
    State,
    token::{Tenant, login},
};

type Shared = Of<Arc<State>>;

pub(crate) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/invoices", get(list).post(create))
        .route("/invoices/{id}", get(one))
        .route("/revenue", get(revenue))
        .with_state(state)
}

#[derive(Deserialize)]
struct Page {
    limit: Option<u32>,
}

async fn list(
    Of(state): Shared,
    Tenant(tenant): Tenant,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Invoice>>, Failure> {
    Ok(Json(state.invoices.list(tenant, page.limit.unwrap_or(20).min(100)).await?))
}

async fn one(
    Of(state): Shared,
    Tenant(tenant): Tenant,
    Path(id): Path<i32>,
) -> Result<Json<Invoice>, Failure> {
    state.invoices.get(tenant, id).await?.map(Json).ok_or(Failure::NotFound)
}

async fn create(
    Of(state): Shared,
    Tenant(tenant): Tenant,
    Json(new): Json<NewInvoice>,
) -> Result<(StatusCode, Json<Invoice>), Failure> {
    Ok((StatusCode::CREATED, Json(state.invoices.create(tenant, new).await?)))
}

async fn revenue(Of(state): Shared, Tenant(tenant): Tenant) -> Result<Json<Revenue>, Failure> {
    Ok(Json(state.invoices.revenue(tenant).await?))
}

pub(crate) enum Failure {
    NotFound,
    Unauthorized,
    Internal(Box<dyn Error + Send + Sync>),
}

impl From<Box<dyn Error + Send + Sync>> for Failure {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::Internal(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Internal(error) => {
                eprintln!("internal error: {error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, Json(json!({ "status": status.as_u16() }))).into_response()
    }
}

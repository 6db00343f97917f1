//! What staff do across tenants: each of it leaves a record with who and why.

use axum::{
    Json,
    extract::{Path, Query, State as Of},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, prelude::Decimal};
use serde::Deserialize;
use serde_json::{Value, json};
use tenant_core::{
    AuditEntry, AuditLog, CrossTenantScope, Erasure, ErasureError, ErasureReceipt, SqlSession,
    TenantId, TenantRecord, Tenants, TenantsError,
};
use tenant_examples::entity::{TENANCY, invoice};

use crate::{
    failure::Failure,
    staff::Staff,
    state::{Shared, State},
};

#[derive(Deserialize)]
pub(super) struct Why {
    reason: String,
}

type Answer = Result<Json<Value>, Failure>;

pub(super) async fn tenants(Of(state): Shared, _: Staff) -> Answer {
    let admin = state.admin().await.map_err(Failure::Internal)?;
    let sql = "SELECT slug, name, status::text AS status FROM tenancy.tenants ORDER BY slug";
    Ok(Json(json!(admin.rows(sql, &[]).await.map_err(Failure::internal)?)))
}

pub(super) async fn suspend(
    Of(state): Shared,
    Staff(actor): Staff,
    Path(slug): Path<String>,
    Json(why): Json<Why>,
) -> Answer {
    let id = found(&state, &slug).await?;
    let admin = state.admin().await.map_err(Failure::Internal)?;
    changed(Tenants::new(&admin, TENANCY.key(), actor).suspend(&id, &why.reason).await)
}

pub(super) async fn resume(
    Of(state): Shared,
    Staff(actor): Staff,
    Path(slug): Path<String>,
    Json(why): Json<Why>,
) -> Answer {
    let id = found(&state, &slug).await?;
    let admin = state.admin().await.map_err(Failure::Internal)?;
    changed(Tenants::new(&admin, TENANCY.key(), actor).resume(&id, &why.reason).await)
}

/// Suspend the tenant first, and wait until no scope of before is good any more.
pub(super) async fn erase(
    Of(state): Shared,
    Staff(actor): Staff,
    Path(slug): Path<String>,
    Json(why): Json<Why>,
) -> Result<Json<ErasureReceipt>, Failure> {
    let id = found(&state, &slug).await?;
    let admin = state.admin().await.map_err(Failure::Internal)?;
    let erasure = Erasure::new(&TENANCY, id).sign_with(&state.receipts);
    let receipt = erasure.run(&admin, &actor, &why.reason).await.map_err(|error| match error {
        ErasureError::LegalHold { .. } => Failure::Conflict("The tenant is on legal hold"),
        other => Failure::internal(other),
    })?;
    Ok(Json(receipt))
}

/// Support's look at a tenant's revenue. The record is committed before the query runs.
pub(super) async fn revenue(
    Of(state): Shared,
    Staff(actor): Staff,
    Path(slug): Path<String>,
    Query(why): Query<Why>,
) -> Answer {
    let id = found(&state, &slug).await?;
    let scope = CrossTenantScope::new(actor, why.reason);
    let scope = scope.map_err(|_| Failure::Invalid("Say why"))?.on_behalf_of(id.clone());
    let tx = state.support.begin(&scope).await.map_err(Failure::internal)?;
    // Across tenants the query says which one: nothing narrows what the admin reads.
    let row: Option<(Option<Decimal>, i64)> = invoice::Entity::find()
        .filter(invoice::Column::TenantId.eq(id.as_uuid().unwrap_or_default()))
        .select_only()
        .column_as(invoice::Column::Total.sum(), "sum")
        .column_as(invoice::Column::InvoiceId.count(), "count")
        .into_tuple()
        .one(&tx)
        .await
        .map_err(Failure::internal)?;
    tx.commit().await.map_err(Failure::internal)?;
    let (sum, invoices) = row.unwrap_or_default();
    Ok(Json(json!({ "sum": sum.unwrap_or_default().to_string(), "invoices": invoices })))
}

pub(super) async fn audit(Of(state): Shared, _: Staff) -> Result<Json<Vec<AuditEntry>>, Failure> {
    let admin = state.admin().await.map_err(Failure::Internal)?;
    let log = AuditLog::new(&admin);
    log.verify(None).await.map_err(Failure::internal)?;
    Ok(Json(log.entries(0, 1000).await.map_err(Failure::internal)?))
}

async fn found(state: &State, slug: &str) -> Result<TenantId, Failure> {
    state.by_slug(slug).await.map_err(Failure::Internal)?.ok_or(Failure::NotFound)
}

fn changed(done: Result<TenantRecord, TenantsError>) -> Answer {
    match done {
        Ok(record) => Ok(Json(json!({ "slug": record.slug, "status": record.status.to_string() }))),
        Err(TenantsError::Unknown(_)) => Err(Failure::NotFound),
        Err(TenantsError::Status { .. } | TenantsError::AlreadySo { .. }) => {
            Err(Failure::Conflict("The tenant's status does not allow it"))
        }
        Err(other) => Err(Failure::internal(other)),
    }
}

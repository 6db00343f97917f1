//! All of a tenant's rows, in a folder.

use axum::{Json, extract::State as Of};
use serde_json::{Value, json};
use tenant_axum::Tenant;
use tenant_core::{Export, Principal};
use tenant_examples::entity::TENANCY;

use crate::{failure::Failure, state::Shared};

/// The quota is used before the work is done: an export that fails has used one, too.
pub(super) async fn export(Of(state): Shared, tenant: Tenant) -> Result<Json<Value>, Failure> {
    let Principal::User(user) = tenant.principal() else { return Err(Failure::Unauthorized) };
    state.invoices.use_export(&tenant).await?;
    let admin = state.admin().await.map_err(Failure::Internal)?;
    let name = uuid::Uuid::new_v4().to_string();
    let export = Export::new(&TENANCY, tenant.id().clone(), user, "the tenant's own request");
    let folder = state.exports.path().join(&name);
    let manifest = export.to_folder(&admin, folder).await.map_err(Failure::internal)?;
    Ok(Json(json!({ "export": name, "rows": manifest.rows(), "manifest": manifest })))
}

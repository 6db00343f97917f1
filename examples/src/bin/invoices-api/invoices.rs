//! What the routes want of an ORM. `seaorm.rs` and `diesel.rs` are the two that there are.

use async_trait::async_trait;
use serde::Serialize;
use tenant_core::{Quota, TenantScope, Verified};
use tenant_examples::invoices::{Invoice, NewInvoice, Revenue};

use crate::failure::Failure;

pub(crate) type Scope = TenantScope<Verified>;

/// The shop's invoices and reports. Each call is one transaction of the scope's tenant.
#[async_trait]
pub(crate) trait Invoices: Send + Sync {
    /// The latest ones.
    async fn list(&self, scope: &Scope, limit: u32) -> Result<Vec<Invoice>, Failure>;
    async fn get(&self, scope: &Scope, id: i32) -> Result<Option<Invoice>, Failure>;
    async fn create(&self, scope: &Scope, new: NewInvoice) -> Result<Invoice, Failure>;
    async fn revenue(&self, scope: &Scope) -> Result<Revenue, Failure>;

    /// A report that is not written yet; returns its id.
    async fn order_report(&self, scope: &Scope) -> Result<i32, Failure>;
    async fn write_report(&self, scope: &Scope, id: i32, text: String) -> Result<(), Failure>;
    async fn report(&self, scope: &Scope, id: i32) -> Result<Option<Report>, Failure>;

    /// Uses one of the month's exports.
    async fn use_export(&self, scope: &Scope) -> Result<(), Failure>;
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) id: i32,
    pub(crate) status: String,
    pub(crate) result: Option<String>,
}

pub(crate) fn exports() -> Quota {
    Quota::counter("exports")
}

//! Work for tenants that nobody waits for: jobs in a queue, and one thing done for every tenant.

mod error;
mod for_each;
mod key;
mod report;
mod signed;

pub use error::JobError;
pub use for_each::{ForEachTenant, for_each_tenant};
pub use key::JobKey;
pub use report::{TenantOutcome, TenantResult, TenantsReport};
pub use signed::SignedJob;

//! Quotas: how much a tenant may have or do.

mod limits;
mod name;
mod usage;

pub use limits::{QuotaFor, QuotaLimit, Quotas};
pub use name::{Per, Quota};
pub use usage::QuotaUsage;

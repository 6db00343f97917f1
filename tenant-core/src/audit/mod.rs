//! The audit log: what happened across tenants and to them.

mod chain;
mod event;
mod log;

pub use event::{AuditEntry, AuditEvent, AuditRecord};
pub use log::{AuditHead, AuditLog};

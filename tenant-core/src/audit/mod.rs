//! The audit log: what happened across tenants and to them.

mod chain;
mod event;
mod log;
mod refusal;
mod sink;

pub use event::{AuditEntry, AuditEvent, AuditRecord};
pub use log::{AuditHead, AuditLog};
pub use refusal::Refusal;
pub use sink::AuditSink;

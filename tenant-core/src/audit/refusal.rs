use super::{AuditEvent, AuditRecord};

/// What the database refused a tenant's transaction, as far as the audit log should know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Row security refused a row of another tenant's, of this table if the server names it.
    Row(Option<String>),
    /// A grant is missing.
    Grant,
    /// A quota is used up.
    Quota,
}

impl Refusal {
    /// The record that tells of it, still without tenant and reason.
    pub fn record(&self, actor: &str) -> AuditRecord {
        match self {
            Self::Row(Some(table)) => {
                AuditRecord::new(AuditEvent::RefusedWrite, actor).table(table)
            }
            Self::Row(None) | Self::Grant => AuditRecord::new(AuditEvent::RefusedWrite, actor),
            Self::Quota => AuditRecord::new(AuditEvent::QuotaHit, actor),
        }
    }
}

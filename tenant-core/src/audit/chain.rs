//! The hash of a record, computed here a second time: whoever changed the table may have changed the
//! database's function, too.

use serde::Deserialize;

use super::AuditEntry;
use crate::digest::digest;

/// A row as the verifier reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    id: i64,
    /// Microseconds since 1970.
    micros: i64,
    at: String,
    event: String,
    tenant: Option<String>,
    actor: String,
    reason: Option<String>,
    detail: String,
    login: String,
    hash: String,
}

impl Row {
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// What its hash must be after this one. The same bytes as in `isolation/audit.rs`.
    pub(super) fn expected(&self, previous: &[u8]) -> [u8; 32] {
        let (id, micros) = (self.id.to_string(), self.micros.to_string());
        let fields = [
            Some(id.as_str()),
            Some(&micros),
            Some(&self.event),
            self.tenant.as_deref(),
            Some(&self.actor),
            self.reason.as_deref(),
            Some(&self.detail),
            Some(&self.login),
        ];
        digest(previous, fields)
    }

    pub(super) fn entry(self) -> AuditEntry {
        AuditEntry {
            id: self.id,
            at: self.at,
            event: self.event,
            tenant: self.tenant,
            actor: self.actor,
            reason: self.reason,
            detail: self.detail,
            login: self.login,
            hash: self.hash,
        }
    }
}

//! The hash of a record, computed here a second time: whoever changed the table may have changed the
//! database's function, too.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::AuditEntry;

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
        let mut hash = Sha256::new();
        hash.update(previous);
        for field in fields {
            // A field of PostgreSQL's is shorter than 1 GiB.
            let length = field.map_or(-1, |text| i32::try_from(text.len()).unwrap_or(i32::MAX));
            hash.update(length.to_be_bytes());
            hash.update(field.unwrap_or_default());
        }
        hash.finalize().into()
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

use std::{borrow::Cow, fmt};

use serde::Serialize;

use crate::TenantId;

/// What an audit record tells of. Its name is what stands in the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditEvent {
    /// Somebody of ours opened a transaction across tenants.
    SupportAccess,
    /// A tenant was made.
    Created,
    /// A tenant was locked out.
    Suspended,
    /// A suspended tenant was let in again.
    Resumed,
    /// Something else of a tenant was changed: its name, plan, epoch, members or legal hold.
    Changed,
    /// A tenant's rows were written to files.
    Exported,
    /// A tenant's rows were read from files.
    Imported,
    /// A tenant moves: begun, switched, arrived (in the log of another database), ended, cancelled.
    Moved,
    /// A tenant's rows were erased.
    Erased,
    /// A quota refused a write: recorded by pools with an [`AuditSink`](crate::AuditSink), and where
    /// the application records an adapter's `error.audit_record(…)`.
    QuotaHit,
    /// Row security or a grant refused a write: recorded likewise.
    RefusedWrite,
    /// A row of another tenant came back ([`Tripwire`](crate::Tripwire)): recorded likewise.
    ForeignRow,
    /// The probe was run: recorded where `report.audit_record(…)` is.
    Probed,
    /// The lint was run: likewise.
    Linted,
    /// An event of the application's own.
    Other(Cow<'static, str>),
}

impl AuditEvent {
    /// Its name in the table: lower case, with underscores.
    pub fn name(&self) -> &str {
        match self {
            Self::SupportAccess => "support_access",
            Self::Created => "created",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Changed => "changed",
            Self::Exported => "exported",
            Self::Imported => "imported",
            Self::Moved => "moved",
            Self::Erased => "erased",
            Self::QuotaHit => "quota_hit",
            Self::RefusedWrite => "refused_write",
            Self::ForeignRow => "foreign_row",
            Self::Probed => "probed",
            Self::Linted => "linted",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened, to be written into the audit log.
///
/// ```
/// use tenant_core::{AuditEvent, AuditRecord, TenantId};
///
/// let record = AuditRecord::new(AuditEvent::Exported, "alice@support")
///     .tenant(&TenantId::from(7))
///     .reason("request 4711")
///     .detail(serde_json::json!({ "rows": 1200 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub(super) event: AuditEvent,
    pub(super) actor: String,
    pub(super) tenant: Option<TenantId>,
    pub(super) reason: Option<String>,
    pub(super) detail: serde_json::Value,
}

impl AuditRecord {
    /// What happened, and who did it.
    pub fn new(event: AuditEvent, actor: impl Into<String>) -> Self {
        let detail = serde_json::Value::Object(serde_json::Map::new());
        Self { event, actor: actor.into(), tenant: None, reason: None, detail }
    }

    /// To which tenant.
    pub fn tenant(mut self, id: &TenantId) -> Self {
        self.tenant = Some(id.clone());
        self
    }

    /// Why.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// On which table.
    pub fn table(mut self, table: &str) -> Self {
        if let serde_json::Value::Object(detail) = &mut self.detail {
            detail.insert("table".to_owned(), table.into());
        }
        self
    }

    /// Whatever else belongs to it, in place of what was said before. No tenant's data: the log outlives the tenant.
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// A record of the log, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number: the first is 1, none is left out.
    pub id: i64,
    /// When, by the database's clock, as PostgreSQL writes it, in UTC.
    pub at: String,
    /// What: [`AuditEvent::name`].
    pub event: String,
    /// The tenant's id.
    pub tenant: Option<String>,
    /// Who, as the application said.
    pub actor: String,
    /// Why, as the application said.
    pub reason: Option<String>,
    /// Whatever else, a JSON text.
    pub detail: String,
    /// Who, as the database knows it: the login that wrote the record.
    pub login: String,
    /// Over the record and the one before it: SHA-256, in hexadecimal digits.
    pub hash: String,
}

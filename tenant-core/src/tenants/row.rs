use serde_json::{Value, json};

use super::{Tenants, TenantsError};
use crate::{AuditEvent, SqlSession, TenantId, TenantRecord, TenantStatus, work::Work};

/// One change of a tenant's row.
pub(super) struct Change<'c> {
    /// What the tenant will be, in words.
    pub(super) what: &'static str,
    /// From which statuses.
    pub(super) from: &'static [TenantStatus],
    /// `column = …`, with the value as `$2`, which has to be used.
    pub(super) set: &'static str,
    pub(super) value: &'c str,
    /// True of a row on which it would change nothing, with the value as `$2`.
    pub(super) already: &'static str,
    /// For the audit log.
    pub(super) detail: Value,
}

impl<S: SqlSession + ?Sized> Tenants<'_, S> {
    pub(super) async fn change(
        &self,
        id: &TenantId,
        reason: &str,
        change: Change<'_>,
    ) -> Result<TenantRecord, TenantsError> {
        self.check(id)?;
        let work = self.begin(Some(reason)).await?;
        let changed = self.change_in(&work, id, reason, change).await;
        work.end(changed, Into::into).await
    }

    async fn change_in(
        &self,
        work: &Work,
        id: &TenantId,
        reason: &str,
        change: Change<'_>,
    ) -> Result<TenantRecord, TenantsError> {
        let params = [&*id.to_string(), change.value];
        let is = format!("t.id = {}", self.id_at("$1"));
        let found = self.lock(work, id).await?;
        let already = format!("WHERE {is} AND ({})", change.already);
        if self.find(work, &already, &params).await?.is_some() {
            return Err(TenantsError::AlreadySo { tenant: id.clone(), change: change.what });
        }
        allowed(&found, change.from, change.what)?;
        if change.set.starts_with("slug") {
            self.refuse_taken(work, change.value).await?;
        }
        let sql = format!(
            "UPDATE tenancy.tenants AS t SET {} WHERE {is} RETURNING true AS done",
            change.set
        );
        let done = work.session().rows(&sql, &params).await;
        done.map_err(|error| TenantsError::of_write(error, id, change.value))?;
        let mut detail = change.detail;
        if let Value::Object(detail) = &mut detail {
            detail.insert("from".to_owned(), json!(found.status));
        }
        let event = match change.what {
            "suspended" => AuditEvent::Suspended,
            "resumed" => AuditEvent::Resumed,
            _ => AuditEvent::Changed,
        };
        self.record(work, event, id, Some(reason), detail).await?;
        let changed = self.find(work, &format!("WHERE {is}"), &params[..1]).await?;
        changed.ok_or_else(|| TenantsError::Unknown(id.clone()))
    }

    pub(super) async fn member(
        &self,
        id: &TenantId,
        user: &str,
        reason: &str,
        sql: &str,
        what: &'static str,
    ) -> Result<(), TenantsError> {
        self.check(id)?;
        if user.is_empty() {
            return Err(TenantsError::Unaccountable { what: "the member's user id" });
        }
        let work = self.begin(Some(reason)).await?;
        let changed = self.member_in(&work, id, user, reason, (sql, what)).await;
        work.end(changed, Into::into).await
    }

    async fn member_in(
        &self,
        work: &Work,
        id: &TenantId,
        user: &str,
        reason: &str,
        (sql, what): (&str, &'static str),
    ) -> Result<(), TenantsError> {
        let found = self.lock(work, id).await?;
        allowed(&found, super::change::LIVE, what)?;
        if work.session().rows(sql, &[&id.to_string(), user]).await?.is_empty() {
            return Err(TenantsError::AlreadySo { tenant: id.clone(), change: what });
        }
        let detail = json!({ "change": what });
        self.record(work, AuditEvent::Changed, id, Some(reason), detail).await
    }

    /// Its row, which nobody else changes before the end.
    pub(super) async fn lock(
        &self,
        work: &Work,
        id: &TenantId,
    ) -> Result<TenantRecord, TenantsError> {
        let which = format!("WHERE t.id = {} FOR UPDATE", self.id_at("$1"));
        let found = self.find(work, &which, &[&id.to_string()]).await?;
        found.ok_or_else(|| TenantsError::Unknown(id.clone()))
    }
}

/// Whether the change makes sense for this tenant.
pub(super) fn allowed(
    found: &TenantRecord,
    from: &[TenantStatus],
    change: &'static str,
) -> Result<(), TenantsError> {
    if from.contains(&found.status) {
        return Ok(());
    }
    let next = match found.status {
        TenantStatus::Active => "it is in use; nothing has to be undone",
        TenantStatus::Suspended => "resume it first",
        TenantStatus::Maintenance => "end its maintenance first",
        TenantStatus::Spare => "it is nobody's; take it with `take_spare` first",
        TenantStatus::Deleted => "its erasure has begun, and can only be ended",
    };
    Err(TenantsError::Status { tenant: found.id.clone(), status: found.status, change, next })
}

use serde_json::json;

use super::{Tenants, TenantsError, row::Change};
use crate::{
    AuditEvent, SqlSession, TenantId, TenantRecord,
    TenantStatus::{self, Active, Deleted, Maintenance, Suspended},
    work::Work,
};

/// Of a tenant that is somebody's.
pub(super) const LIVE: &[TenantStatus] = &[Active, Suspended, Maintenance];

impl<S: SqlSession + ?Sized> Tenants<'_, S> {
    /// Locks a tenant out, until it is resumed; its rows stay. From `active` and `maintenance`.
    ///
    /// # Errors
    /// As all changes: [`TenantsError::Unknown`], [`TenantsError::Status`],
    /// [`TenantsError::AlreadySo`], [`TenantsError::Unaccountable`], [`TenantsError::Core`].
    pub async fn suspend(&self, id: &TenantId, reason: &str) -> Result<TenantRecord, TenantsError> {
        self.status(id, reason, "suspended", &[Active, Maintenance], Suspended).await
    }

    /// Lets a suspended tenant in again.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn resume(&self, id: &TenantId, reason: &str) -> Result<TenantRecord, TenantsError> {
        self.status(id, reason, "resumed", &[Suspended], Active).await
    }

    /// Locks an active tenant out for a moment, while something is done to its rows.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn start_maintenance(
        &self,
        id: &TenantId,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        self.status(id, reason, "put into maintenance", &[Active], Maintenance).await
    }

    /// Lets a tenant in again after that. One that was suspended meanwhile stays so.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn end_maintenance(
        &self,
        id: &TenantId,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        self.status(id, reason, "taken out of maintenance", &[Maintenance], Active).await
    }

    /// Gives a tenant another name.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn rename(
        &self,
        id: &TenantId,
        name: &str,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        let set = Change {
            what: "renamed",
            from: LIVE,
            set: "name = $2::text",
            value: name,
            already: "t.name = $2::text",
            detail: json!({ "change": "name" }),
        };
        self.change(id, reason, set).await
    }

    /// Gives a tenant another slug. The old one is free at once: whoever takes it gets the links that
    /// still point there.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend); [`TenantsError::InvalidSlug`],
    /// [`TenantsError::SlugTaken`].
    pub async fn change_slug(
        &self,
        id: &TenantId,
        slug: &str,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        self.slugs.check(slug)?;
        let set = Change {
            what: "given this slug",
            from: LIVE,
            set: "slug = $2::text",
            value: slug,
            already: "t.slug = $2::text",
            detail: json!({ "change": "slug" }),
        };
        self.change(id, reason, set).await
    }

    /// Puts a tenant on another plan, or on none.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn change_plan(
        &self,
        id: &TenantId,
        plan: Option<&str>,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        let set = Change {
            what: "put on this plan",
            from: LIVE,
            set: "plan = nullif($2::text, '')",
            value: plan.unwrap_or_default(),
            already: "t.plan IS NOT DISTINCT FROM nullif($2::text, '')",
            detail: json!({ "change": "plan", "to": plan }),
        };
        self.change(id, reason, set).await
    }

    /// Revokes all claims and tokens of a tenant that were made until now, queued jobs' included.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn raise_epoch(
        &self,
        id: &TenantId,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        let set = Change {
            what: "given another epoch",
            from: LIVE,
            set: "epoch = t.epoch + 1 + length($2::text)",
            value: "",
            already: "false AND $2::text = ''",
            detail: json!({ "change": "epoch" }),
        };
        self.change(id, reason, set).await
    }

    /// Forbids the tenant's erasure, until it is released; one that has begun stops. The reason is
    /// kept with the tenant.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn legal_hold(
        &self,
        id: &TenantId,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        let set = Change {
            what: "put on legal hold",
            from: &[Active, Suspended, Maintenance, Deleted],
            set: "legal_hold = $2::text",
            value: reason,
            already: "t.legal_hold IS NOT NULL AND $2::text IS NOT NULL",
            detail: json!({ "change": "legal hold" }),
        };
        self.change(id, reason, set).await
    }

    /// Allows the tenant's erasure again.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn release(&self, id: &TenantId, reason: &str) -> Result<TenantRecord, TenantsError> {
        let set = Change {
            what: "released from legal hold",
            from: &[Active, Suspended, Maintenance, Deleted],
            set: "legal_hold = nullif($2::text, '')",
            value: "",
            already: "t.legal_hold IS NULL AND $2::text = ''",
            detail: json!({ "change": "legal hold released" }),
        };
        self.change(id, reason, set).await
    }

    /// Adds a member. The audit log says that one was added, not who: it outlives the tenant.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn add_member(
        &self,
        id: &TenantId,
        user: &str,
        reason: &str,
    ) -> Result<(), TenantsError> {
        let sql = format!(
            "INSERT INTO tenancy.members (tenant_id, user_id) VALUES ({}, $2::text) \
             ON CONFLICT DO NOTHING RETURNING true AS done",
            self.id_at("$1")
        );
        self.member(id, user, reason, &sql, "given this member").await
    }

    /// Takes a member away. Scopes that were verified before stay good until they are too old for
    /// their pool; [`raise_epoch`](Self::raise_epoch) revokes claims.
    ///
    /// # Errors
    /// Those of [`suspend`](Self::suspend).
    pub async fn remove_member(
        &self,
        id: &TenantId,
        user: &str,
        reason: &str,
    ) -> Result<(), TenantsError> {
        let sql = format!(
            "DELETE FROM tenancy.members WHERE tenant_id = {} AND user_id = $2::text \
             RETURNING true AS done",
            self.id_at("$1")
        );
        self.member(id, user, reason, &sql, "without this member").await
    }

    /// Lets the id of an erased tenant be given again: for an export that is brought back.
    ///
    /// # Authority
    /// The `…_owner` login: the admin may not.
    ///
    /// # Errors
    /// [`TenantsError::Unknown`] when there is no such tombstone; [`TenantsError::Core`].
    pub async fn lift_tombstone(&self, id: &TenantId, reason: &str) -> Result<(), TenantsError> {
        self.check(id)?;
        let work = self.begin(Some(reason)).await?;
        let lifted = self.lift_tombstone_in(&work, id, reason).await;
        work.end(lifted, Into::into).await
    }

    async fn lift_tombstone_in(
        &self,
        work: &Work,
        id: &TenantId,
        reason: &str,
    ) -> Result<(), TenantsError> {
        let sql = format!(
            "DELETE FROM tenancy.tombstones WHERE tenant_id = {} RETURNING receipt",
            self.id_at("$1")
        );
        let rows = work.session().rows(&sql, &[&id.to_string()]).await?;
        let Some(row) = rows.first() else { return Err(TenantsError::Unknown(id.clone())) };
        let detail = json!({ "change": "tombstone lifted", "receipt": row.get("receipt") });
        self.record(work, AuditEvent::Changed, id, Some(reason), detail).await
    }

    async fn status(
        &self,
        id: &TenantId,
        reason: &str,
        what: &'static str,
        from: &'static [TenantStatus],
        to: TenantStatus,
    ) -> Result<TenantRecord, TenantsError> {
        let set = Change {
            what,
            from,
            set: "status = $2::text",
            value: &to.to_string(),
            already: "t.status = $2::text",
            detail: json!({ "change": "status", "to": to }),
        };
        self.change(id, reason, set).await
    }
}

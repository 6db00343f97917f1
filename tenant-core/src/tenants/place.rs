use serde_json::{Value, json};

use super::{NewTenant, Tenants, TenantsError};
use crate::{
    AuditEvent, Placement, SqlSession, TenantId, TenantRecord, TenantStatus::Maintenance,
    quote::check_ident, work::Work,
};

impl<S: SqlSession + ?Sized> Tenants<'_, S> {
    /// Makes a database known to the registry, under a name of yours, or says in which region it is
    /// now. Its address is not kept here; a
    /// [`DatabaseProvider`](crate::DatabaseProvider) has it. The database must be there, with the
    /// isolation installed.
    ///
    /// # Errors
    /// [`TenantsError::Placement`] while tenants live there that must not leave the region that it
    /// was in. [`TenantsError::Core`].
    pub async fn add_database(&self, name: &str, region: Option<&str>) -> Result<(), TenantsError> {
        check_ident(name)?;
        let work = self.begin(None).await?;
        let sql = "INSERT INTO tenancy.databases AS d (name, region) \
                   VALUES ($1::text, nullif($2::text, '')) \
                   ON CONFLICT (name) DO UPDATE SET region = excluded.region RETURNING true AS done";
        let done = work.session().rows(sql, &[name, region.unwrap_or_default()]).await;
        work.end(done.map(drop).map_err(TenantsError::of_place), Into::into).await
    }

    /// Says where a tenant lives from now on. It moves nothing: whoever calls it has brought the rows
    /// there, while the tenant was in maintenance, and waited until the scopes that were verified
    /// before were too old for every pool (`max_scope_age`).
    ///
    /// # Errors
    /// [`TenantsError::Status`] unless it is in maintenance, so that there are no two homes that are
    /// written; [`TenantsError::Placement`] for a database that is not known or of another region,
    /// and for a place that is another tenant's; otherwise as
    /// [`suspend`](Self::suspend).
    pub async fn place(
        &self,
        id: &TenantId,
        placement: &Placement,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        self.check(id)?;
        placement.check()?;
        let work = self.begin(Some(reason)).await?;
        let placed = self.place_in(&work, id, placement, reason).await;
        work.end(placed, Into::into).await
    }

    async fn place_in(
        &self,
        work: &Work,
        id: &TenantId,
        placement: &Placement,
        reason: &str,
    ) -> Result<TenantRecord, TenantsError> {
        let found = self.lock(work, id).await?;
        if found.placement == *placement {
            return Err(TenantsError::AlreadySo { tenant: id.clone(), change: "placed there" });
        }
        super::row::allowed(&found, &[Maintenance], "placed elsewhere")?;
        self.refuse_moving(work, id).await?;
        let is = format!("t.id = {}", self.id_at("$1"));
        let sql = format!(
            "UPDATE tenancy.tenants AS t SET placement = $2::text, database = $3::text, \
             schema = nullif($4::text, '') WHERE {is} RETURNING true AS done"
        );
        let id_text = id.to_string();
        let schema = placement.schema_name().unwrap_or_default();
        let params = [&*id_text, placement.kind(), placement.database_name(), schema];
        let done = work.session().rows(&sql, &params).await;
        done.map_err(TenantsError::of_place)?;
        let detail = json!({
            "change": "placement", "from": in_the_log(&found.placement), "to": in_the_log(placement),
        });
        self.record(work, AuditEvent::Changed, id, Some(reason), detail).await?;
        let changed = self.find(work, &format!("WHERE {is}"), &params[..1]).await?;
        changed.ok_or_else(|| TenantsError::Unknown(id.clone()))
    }

    /// A move would not find it where it was.
    async fn refuse_moving(&self, work: &Work, id: &TenantId) -> Result<(), TenantsError> {
        let sql = format!(
            "SELECT true AS moving FROM tenancy.moves AS m WHERE m.tenant_id = {}",
            self.id_at("$1")
        );
        if work.session().rows(&sql, &[&id.to_string()]).await?.is_empty() {
            return Ok(());
        }
        let why =
            "a move of the tenant has begun; end it or cancel it: `Move::run`, `Move::cancel`";
        Err(TenantsError::Placement { why })
    }

    /// What can be said of a new tenant's place without asking.
    pub(super) fn check_place(&self, new: &NewTenant) -> Result<(), TenantsError> {
        new.placement.check()?;
        if !self.seeds.is_empty() && new.placement != Placement::default() {
            let why = "its seeds would run in the shared tables of the registry's own database, and the \
                       tenant lives elsewhere; make it without seeds, and run them where it lives";
            return Err(TenantsError::Placement { why });
        }
        Ok(())
    }

    /// A spare's rows are where they are.
    pub(super) fn check_spares_place(new: &NewTenant) -> Result<(), TenantsError> {
        if matches!(new.placement, Placement::Shared { .. }) {
            return Ok(());
        }
        let why = "spares live in shared tables; make the tenant with `create`";
        Err(TenantsError::Placement { why })
    }
}

/// The log outlives the tenant, and a schema may be called after it.
pub(crate) fn in_the_log(placement: &Placement) -> Value {
    json!({ "kind": placement.kind(), "database": placement.database_name() })
}

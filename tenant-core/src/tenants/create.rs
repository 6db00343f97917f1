use serde_json::json;

use super::{NewTenant, Tenants, TenantsError, error, place::in_the_log};
use crate::{AuditEvent, SqlSession, TenantId, TenantKey, TenantRecord, TenantStatus, work::Work};

impl<S: SqlSession + ?Sized> Tenants<'_, S> {
    /// Makes a tenant: its row, its first member, what the seeds bring, and the audit record.
    ///
    /// # Errors
    /// [`TenantsError::InvalidSlug`], [`SlugTaken`](TenantsError::SlugTaken),
    /// [`IdTaken`](TenantsError::IdTaken), [`Tombstoned`](TenantsError::Tombstoned),
    /// [`Id`](TenantsError::Id), [`KeyReused`](TenantsError::KeyReused),
    /// [`Seed`](TenantsError::Seed), [`Core`](TenantsError::Core).
    pub async fn create(&self, new: NewTenant) -> Result<TenantRecord, TenantsError> {
        self.slugs.check(&new.slug)?;
        self.check_place(&new)?;
        match &new.id {
            Some(id) => self.check(id)?,
            None if self.key == TenantKey::Uuid => {}
            None => {
                let why = "one that is no UUID must be given, with `NewTenant::id`";
                return Err(TenantsError::Id { why });
            }
        }
        let work = self.begin(new.reason.as_deref()).await?;
        let made = self.make(&work, &new).await;
        work.end(made, Into::into).await
    }

    async fn make(&self, work: &Work, new: &NewTenant) -> Result<TenantRecord, TenantsError> {
        if let Some(made) = self.made_before(work, new).await? {
            return Ok(made);
        }
        let id = self.insert(work, new, TenantStatus::Active).await?;
        self.add_administrator(work, new, &id).await?;
        self.run_seeds(work, &id).await?;
        self.finish(work, new, &id, "created").await
    }

    /// What the same request made before. Requests with a key take turns, by a lock that nobody
    /// without rights on the registry can take, and that hinders neither reading nor writing it.
    pub(super) async fn made_before(
        &self,
        work: &Work,
        new: &NewTenant,
    ) -> Result<Option<TenantRecord>, TenantsError> {
        let Some(key) = &new.idempotency_key else { return Ok(None) };
        let lock = "LOCK TABLE tenancy.tenants IN SHARE UPDATE EXCLUSIVE MODE";
        work.session().batch(lock).await?;
        let Some(made) = self.find(work, "WHERE t.idempotency_key = $1::text", &[key]).await?
        else {
            return Ok(None);
        };
        let same = "SELECT true AS same FROM tenancy.tenants AS t \
                    WHERE t.idempotency_key = $1::text AND t.idempotency_content = $2::text";
        if work.session().rows(same, &[key, &new.content()]).await?.is_empty() {
            return Err(TenantsError::KeyReused(key.clone()));
        }
        Ok(Some(made))
    }

    pub(super) async fn insert(
        &self,
        work: &Work,
        new: &NewTenant,
        status: TenantStatus,
    ) -> Result<TenantId, TenantsError> {
        let given = new.id.as_ref().map(ToString::to_string);
        let id = match given {
            Some(_) => self.id_at("$1"),
            // The parameter has to be used.
            None => "coalesce(nullif($1::text, '')::uuid, gen_random_uuid())".to_owned(),
        };
        let sql = format!(
            "INSERT INTO tenancy.tenants (id, slug, name, status, plan, idempotency_key, idempotency_content, \
             placement, database, schema, region) \
             SELECT made.id, coalesce(nullif($2::text, ''), 'spare:' || made.id::text), $3::text, $4::text, \
             nullif($5::text, ''), nullif($6::text, ''), nullif($7::text, ''), \
             $8::text, $9::text, nullif($10::text, ''), nullif($11::text, '') FROM (SELECT {id} AS id) AS made \
             ON CONFLICT DO NOTHING RETURNING id::text AS id"
        );
        let given = given.unwrap_or_default();
        let plan = new.plan.as_deref().unwrap_or_default();
        let key = new.idempotency_key.as_deref().unwrap_or_default();
        let content = if key.is_empty() { String::new() } else { new.content() };
        let (database, schema) = (new.placement.database_name(), new.placement.schema_name());
        let place = [new.placement.kind(), database, schema.unwrap_or_default()];
        let [kind, database, schema] = place;
        let region = new.region.as_deref().unwrap_or_default();
        let status = status.to_string();
        let params = [
            &*given, &*new.slug, &*new.name, &*status, plan, key, &*content, kind, database,
            schema, region,
        ];
        let made = work.session().rows(&sql, &params).await;
        let made = made.map_err(|error| match &new.id {
            Some(id) => TenantsError::of_write(error, id, &new.slug),
            None => TenantsError::of_place(error),
        })?;
        match made.first().and_then(|row| row.get("id")?.as_str()) {
            Some(id) => Ok(self.key.parse(id)?),
            None => Err(self.taken(work, new).await?),
        }
    }

    /// Why nothing was inserted.
    async fn taken(&self, work: &Work, new: &NewTenant) -> Result<TenantsError, TenantsError> {
        if let Some(id) = &new.id {
            let which = format!("WHERE t.id = {}", self.id_at("$1"));
            if self.find(work, &which, &[&id.to_string()]).await?.is_some() {
                return Ok(TenantsError::IdTaken(id.clone()));
            }
        }
        let slug = "WHERE t.slug = $1::text";
        if self.find(work, slug, &[&new.slug]).await?.is_none() {
            return Ok(TenantsError::Placement { why: error::PLACE_TAKEN });
        }
        Ok(TenantsError::SlugTaken(new.slug.clone()))
    }

    pub(super) async fn add_administrator(
        &self,
        work: &Work,
        new: &NewTenant,
        id: &TenantId,
    ) -> Result<(), TenantsError> {
        if let Some(user) = &new.administrator {
            let sql = format!(
                "INSERT INTO tenancy.members (tenant_id, user_id) VALUES ({}, $2::text) \
                 RETURNING true AS added",
                self.id_at("$1")
            );
            work.session().rows(&sql, &[&id.to_string(), user]).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(
        &self,
        work: &Work,
        new: &NewTenant,
        id: &TenantId,
        how: &str,
    ) -> Result<TenantRecord, TenantsError> {
        let detail = json!({
            "how": how, "plan": new.plan, "administrator": new.administrator.is_some(),
            "seeds": self.seeds.len(), "placement": in_the_log(&new.placement),
        });
        self.record(work, AuditEvent::Created, id, new.reason.as_deref(), detail).await?;
        let which = format!("WHERE t.id = {}", self.id_at("$1"));
        let made = self.find(work, &which, &[&id.to_string()]).await?;
        made.ok_or_else(|| TenantsError::Unknown(id.clone()))
    }
}

use serde_json::json;

use super::{NewTenant, Tenants, TenantsError};
use crate::{AuditEvent, SqlSession, TenantId, TenantRecord, TenantStatus, work::Work};

impl<S: SqlSession + ?Sized> Tenants<'_, S> {
    /// Makes this many spares beforehand, seeds and all, for a moment in which there is no time for
    /// that. Nobody can open a spare: to `verify` it is unknown. Each is a transaction of its own, so
    /// an error leaves those before it.
    ///
    /// # Errors
    /// [`TenantsError::Id`] where ids are no UUIDs: name them, with
    /// [`add_spares_with`](Self::add_spares_with). [`TenantsError::Seed`], [`TenantsError::Core`].
    pub async fn add_spares(&self, count: usize) -> Result<Vec<TenantId>, TenantsError> {
        if self.key != crate::TenantKey::Uuid {
            let why = "spares' ids that are no UUIDs must be given, with `add_spares_with`";
            return Err(TenantsError::Id { why });
        }
        let mut made = Vec::new();
        for _ in 0..count {
            made.push(self.add_spare(None).await?);
        }
        Ok(made)
    }

    /// The same with these ids.
    ///
    /// # Errors
    /// [`TenantsError::IdTaken`], [`TenantsError::Tombstoned`], [`TenantsError::Seed`],
    /// [`TenantsError::Core`].
    pub async fn add_spares_with(
        &self,
        ids: impl IntoIterator<Item = TenantId>,
    ) -> Result<Vec<TenantId>, TenantsError> {
        let mut made = Vec::new();
        for id in ids {
            self.check(&id)?;
            made.push(self.add_spare(Some(id)).await?);
        }
        Ok(made)
    }

    async fn add_spare(&self, id: Option<TenantId>) -> Result<TenantId, TenantsError> {
        let mut new = NewTenant::new("", "spare");
        new.id = id;
        let work = self.begin(None).await?;
        let made = self.make_spare(&work, &new).await;
        work.end(made, Into::into).await
    }

    async fn make_spare(&self, work: &Work, new: &NewTenant) -> Result<TenantId, TenantsError> {
        // A sealed context opens an active one only; nobody sees it before the commit.
        let id = self.insert(work, new, TenantStatus::Active).await?;
        self.run_seeds(work, &id).await?;
        let sql = format!(
            "UPDATE tenancy.tenants SET status = 'spare' WHERE id = {} RETURNING true AS done",
            self.id_at("$1")
        );
        work.session().rows(&sql, &[&id.to_string()]).await?;
        let detail = json!({ "how": "spare", "seeds": self.seeds.len() });
        self.record(work, AuditEvent::Created, &id, None, detail).await?;
        Ok(id)
    }

    /// Makes a spare this tenant. Many at once each get another one, and none waits for another.
    ///
    /// # Errors
    /// [`TenantsError::NoSpare`]; those of [`create`](Self::create), but for the seeds', which have
    /// run.
    pub async fn take_spare(&self, new: NewTenant) -> Result<TenantRecord, TenantsError> {
        self.slugs.check(&new.slug)?;
        if new.id.is_some() {
            let why = "a spare has one; leave it out, or make the tenant with `create`";
            return Err(TenantsError::Id { why });
        }
        new.placement.check()?;
        Self::check_spares_place(&new)?;
        let work = self.begin(new.reason.as_deref()).await?;
        let taken = self.take(&work, &new).await;
        work.end(taken, Into::into).await
    }

    async fn take(&self, work: &Work, new: &NewTenant) -> Result<TenantRecord, TenantsError> {
        if let Some(made) = self.made_before(work, new).await? {
            return Ok(made);
        }
        self.refuse_taken(work, &new.slug).await?;
        let sql = "SELECT t.id::text AS id FROM tenancy.tenants AS t WHERE t.status = 'spare' \
             AND t.placement = 'shared' AND t.database = $1::text ORDER BY t.created_at, t.id LIMIT 1 FOR UPDATE SKIP LOCKED";
        let rows = work.session().rows(sql, &[new.placement.database_name()]).await?;
        let Some(id) = rows.first().and_then(|row| row.get("id")?.as_str()) else {
            return Err(TenantsError::NoSpare);
        };
        let id = self.key.parse(id)?;
        let sql = format!(
            "UPDATE tenancy.tenants SET slug = $2::text, name = $3::text, plan = nullif($4::text, ''), \
             status = 'active', idempotency_key = nullif($5::text, ''), \
             idempotency_content = nullif($6::text, ''), created_at = now(), region = nullif($7::text, '') \
             WHERE id = {} RETURNING true AS done",
            self.id_at("$1")
        );
        let key = new.idempotency_key.as_deref().unwrap_or_default();
        let content = if key.is_empty() { String::new() } else { new.content() };
        let plan = new.plan.as_deref().unwrap_or_default();
        let region = new.region.as_deref().unwrap_or_default();
        let params = [&*id.to_string(), &*new.slug, &*new.name, plan, key, &*content, region];
        let done = work.session().rows(&sql, &params).await;
        done.map_err(|error| TenantsError::of_write(error, &id, &new.slug))?;
        self.add_administrator(work, new, &id).await?;
        self.finish(work, new, &id, "taken from the spares").await
    }

    /// Before the database does, whose word would end the transaction.
    pub(super) async fn refuse_taken(&self, work: &Work, slug: &str) -> Result<(), TenantsError> {
        match self.find(work, "WHERE t.slug = $1::text", &[slug]).await? {
            Some(_) => Err(TenantsError::SlugTaken(slug.to_owned())),
            None => Ok(()),
        }
    }
}

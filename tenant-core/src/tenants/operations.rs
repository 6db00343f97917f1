use super::{SlugRules, TenantsError};
use crate::{
    AuditEvent, AuditLog, AuditRecord, Error, Layout, Seal, SqlSession, TenantId, TenantKey,
    TenantRecord,
    opening::{Opening, OpeningOptions},
    sql_registry,
    work::Work,
};

/// Makes tenants and changes them, in `tenancy.tenants` and `tenancy.members`.
///
/// Each call is one transaction on a connection of its own, with its record in the audit log: all of
/// it happens, or nothing. Dropping the future leaves all of it or nothing, too.
///
/// ```no_run
/// # async fn f(session: impl tenant_core::SqlSession, key: tenant_core::TenantKey)
/// # -> Result<(), tenant_core::TenantsError> {
/// use tenant_core::{NewTenant, Tenants};
///
/// let tenants = Tenants::new(&session, key, "alice@support") // as `shop_admin`
///     .seed("INSERT INTO public.settings (name, value) VALUES ('theme', 'light')");
/// let acme = tenants
///     .create(NewTenant::new("acme", "Acme Inc.").administrator("bob").idempotency_key("signup-1"))
///     .await?;
/// tenants.suspend(&acme.id, "unpaid since March").await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// A session with the `…_admin` login. Who acts is what the application says; the audit log adds the
/// login that the database knows.
#[derive(Debug, Clone)]
pub struct Tenants<'s, S: ?Sized> {
    pub(super) session: &'s S,
    pub(super) key: TenantKey,
    pub(super) actor: String,
    pub(super) slugs: SlugRules,
    pub(super) seeds: Vec<&'static str>,
    layout: Option<Layout>,
    seal: Option<Seal>,
}

impl<'s, S: SqlSession + ?Sized> Tenants<'s, S> {
    /// The tenants of this session's database, whose ids are of this type; `actor` is who makes and
    /// changes them.
    pub fn new(session: &'s S, key: TenantKey, actor: impl Into<String>) -> Self {
        Self {
            session,
            key,
            actor: actor.into(),
            slugs: SlugRules::default(),
            seeds: Vec::new(),
            layout: None,
            seal: None,
        }
    }

    /// With these rules for slugs.
    pub fn slugs(mut self, rules: SlugRules) -> Self {
        self.slugs = rules;
        self
    }

    /// What a new tenant has from the first day: SQL that runs in the transaction that makes it, after
    /// its rows in the registry, with the tenant set, so that tenant columns fill in. More than one
    /// run in the order in which they were given.
    ///
    /// It runs as the admin, whom no policy holds: it must not name other tenants, and must not end
    /// the transaction.
    pub fn seed(mut self, sql: &'static str) -> Self {
        self.seeds.push(sql);
        self
    }

    /// The layout of the installation, if it is not the default: seeds need its setting, its schemas
    /// and its source of the tenant.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// What seals a seed's transaction, where the database demands one.
    pub fn seal(mut self, seal: Seal) -> Self {
        self.seal = Some(seal);
        self
    }

    pub(super) async fn begin(&self, reason: Option<&str>) -> Result<Work, TenantsError> {
        let missing = |what| Err(TenantsError::Unaccountable { what });
        if self.actor.trim().is_empty() {
            return missing("the actor");
        }
        if reason.is_some_and(|reason| reason.trim().is_empty()) {
            return missing("the reason");
        }
        Ok(Work::begin(self.session).await?)
    }

    pub(super) fn check(&self, id: &TenantId) -> Result<(), Error> {
        TenantsError::check_key(id, self.key)
    }

    /// An id in SQL, from the text that is this parameter.
    pub(super) fn id_at(&self, parameter: &str) -> String {
        format!("{parameter}::text::{}", self.key)
    }

    pub(super) async fn find(
        &self,
        work: &Work,
        which: &str,
        params: &[&str],
    ) -> Result<Option<TenantRecord>, TenantsError> {
        let sql = format!(
            "SELECT id::text AS id, slug, name, status, plan, epoch, placement, database, schema, region \
             FROM tenancy.tenants AS t {which}"
        );
        let mut rows = work.session().rows(&sql, params).await?;
        let Some(row) = rows.pop() else { return Ok(None) };
        Ok(Some(sql_registry::record(row, self.key)?))
    }

    pub(super) async fn record(
        &self,
        work: &Work,
        event: AuditEvent,
        id: &TenantId,
        reason: Option<&str>,
        detail: serde_json::Value,
    ) -> Result<(), TenantsError> {
        let record = AuditRecord::new(event, &self.actor).tenant(id).detail(detail);
        let record = match reason {
            Some(reason) => record.reason(reason),
            None => record,
        };
        AuditLog::new(work.session()).record(&record).await?;
        Ok(())
    }

    /// Runs the seeds with the tenant set, and leaves the path as it was.
    pub(super) async fn run_seeds(&self, work: &Work, id: &TenantId) -> Result<(), TenantsError> {
        if self.seeds.is_empty() {
            return Ok(());
        }
        let layout = match &self.layout {
            Some(layout) => layout.clone(),
            None => Layout::new("tenancy")?,
        };
        let mut options = OpeningOptions::default();
        if let Some(seal) = &self.seal {
            options.seal(seal.clone());
        }
        let bind = Opening::new(&layout, self.key, &options)?.name(&id.to_string(), "")?;
        let path = format!("SET LOCAL search_path = {}", layout.path());
        work.session().batch(&format!("{path}; {bind}")).await?;
        for seed in &self.seeds {
            let failed = |source| TenantsError::Seed { seed, source };
            work.session().batch(seed).await.map_err(failed)?;
            // It fails where the seed has ended the transaction.
            work.session().batch("SAVEPOINT tenant_seed").await.map_err(failed)?;
        }
        Ok(work.session().batch("SET LOCAL search_path = pg_catalog, pg_temp").await?)
    }
}

use std::{collections::BTreeMap, time::Duration};

use crate::{Error, Layout, Limits, Seal, Tenancy, startup::StartupCheck};

/// What a pool adds to its layout: how its transactions are opened.
///
/// The adapters' builders hand on what they are told; see there.
#[derive(Debug, Clone, Default)]
pub struct OpeningOptions {
    pub(super) seal: Option<Seal>,
    pub(super) max_scope_age: Option<Duration>,
    pub(super) limits: Limits,
    pub(super) plan_limits: BTreeMap<String, Limits>,
    pub(super) clear: bool,
    pub(super) database: Option<String>,
    pub(super) region: Option<String>,
    unchecked_start: bool,
}

impl OpeningOptions {
    /// Tenants are sealed, whatever binding the layout names.
    pub fn seal(&mut self, seal: Seal) {
        self.seal = Some(seal);
    }

    /// How long ago a scope may have been verified. The default is five minutes.
    pub fn max_scope_age(&mut self, max: Duration) {
        self.max_scope_age = Some(max);
    }

    /// Limits of every transaction.
    pub fn limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Limits of the transactions of tenants on this plan; what they do not name is as in
    /// [`limits`](Self::limits).
    pub fn plan_limits(&mut self, plan: impl Into<String>, limits: Limits) {
        self.plan_limits.insert(plan.into(), limits);
    }

    /// Each transaction begins with the server's connection cleared of numbered statements
    /// ([`CLEAR_NUMBERED`](crate::adapter::CLEAR_NUMBERED)): for tokio-postgres behind a pooler.
    pub fn clear_statements(&mut self) {
        self.clear = true;
    }

    /// Whether the pool opens whatever its database is like.
    pub fn is_start_unchecked(&self) -> bool {
        self.unchecked_start
    }

    /// Which database the pool is for, by the name that tenants' placements have for it. The default
    /// is [`Placement::MAIN`](crate::Placement::MAIN).
    pub fn database(&mut self, name: impl Into<String>) {
        self.database = Some(name.into());
    }

    /// In which region that is. A tenant that must stay in another one is refused.
    pub fn region(&mut self, region: impl Into<String>) {
        self.region = Some(region.into());
    }

    /// The pool is for another database, in this region if it is known.
    pub fn elsewhere(&mut self, database: &str, region: Option<&str>) {
        self.database = Some(database.to_owned());
        self.region = region.map(str::to_owned);
    }

    /// The pool opens whatever its database is like. The reason goes to the log.
    pub fn without_startup_check_unchecked(&mut self, reason: &'static str) {
        tracing::warn!(target: "tenant", reason, "the database is not checked at the start");
        self.unchecked_start = true;
    }

    /// What the pool asks its database before it opens, unless it was told not to.
    ///
    /// # Errors
    /// As [`StartupCheck::new`].
    pub fn startup_check(
        &self,
        tenancy: &Tenancy,
        layout: &Layout,
    ) -> Result<Option<StartupCheck>, Error> {
        if self.unchecked_start {
            return Ok(None);
        }
        StartupCheck::new(tenancy, layout, self.seal.as_ref()).map(Some)
    }
}

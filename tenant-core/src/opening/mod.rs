//! The message that opens a transaction: everything that must hold before the first query of the
//! user, in one write.

mod admin;
mod fixed;
mod home;
mod options;
mod set_tenant;

use std::{collections::BTreeMap, time::Duration};

pub use admin::AdminOpening;
pub use fixed::{COMMIT, GUARD};
use home::Home;
pub use options::OpeningOptions;
use set_tenant::{Plain, SetTenant};

use crate::{
    Binding, Error, Layout, Placement, Principal, Seal, Tenancy, TenantId, TenantKey, TenantScope,
    TransactionOptions, Verified, pooler::AND_CLEAR,
};

/// The setting that says who acts for the tenant.
pub(crate) const ACTOR: &str = "tenancy.actor";

/// How old a scope may be unless the pool says otherwise.
const MAX_SCOPE_AGE: Duration = Duration::from_mins(5);

/// Whether somebody keeps an entry for each text of a `SET`: since PostgreSQL 18 it is one for all.
const COUNTED: &str = "SELECT coalesce(pg_catalog.current_setting('pg_stat_monitor.pgsm_track_utility', true), 'off') = 'on' \
     OR pg_catalog.current_setting('server_version_num')::int < 180000 \
       AND coalesce(pg_catalog.current_setting('pg_stat_statements.track_utility', true), 'off') = 'on' AS counted";

/// Renders the message that opens a transaction, for the adapters.
///
/// What varies between transactions is the tenant, its user and its plan; the rest is rendered
/// once.
#[derive(Debug, Clone)]
pub struct Opening {
    tenant: SetTenant,
    plain: Plain,
    /// Until it is known whether the server counts it.
    uncounted: Option<Plain>,
    tenant_role: String,
    shared_role: String,
    home: Home,
    no_tenant: String,
    key: TenantKey,
    max_scope_age: Duration,
    limits: String,
    plan_limits: BTreeMap<String, String>,
    clear: bool,
}

impl Opening {
    /// The opening for this layout, and tenants of this key.
    ///
    /// # Errors
    /// [`Error::NoSeal`] when the layout says that tenants are sealed, and there is no key;
    /// [`Error::InvalidTenancy`] when it says Citus, and something that Citus cannot do.
    pub fn new(layout: &Layout, key: TenantKey, options: &OpeningOptions) -> Result<Self, Error> {
        layout.check(options.seal.is_some())?;
        let set_role = |role: Option<&str>| role.map(home::set_role).unwrap_or_default();
        let tenant = match &options.seal {
            Some(seal) => SetTenant::Seal(seal.clone()),
            None => SetTenant::plain(layout)?,
        };
        // Where one role does everything, no role stands behind a tenant that was left over.
        let no_tenant = if layout.roles().is_single() {
            format!("; {}", Plain::nobody(layout))
        } else {
            String::new()
        };
        let plan_limits = options.plan_limits.iter();
        Ok(Self {
            no_tenant,
            tenant,
            plain: Plain::of(layout),
            uncounted: (options.seal.is_none() && layout.binding_kind() == Binding::Automatic)
                .then(|| Plain::local(layout)),
            tenant_role: set_role(layout.roles().tenant()),
            shared_role: set_role(layout.roles().shared()),
            clear: options.clear,
            home: Home::new(layout, options.database.as_deref(), options.region.as_deref()),
            key,
            max_scope_age: options.max_scope_age.unwrap_or(MAX_SCOPE_AGE),
            limits: options.limits.sql(),
            plan_limits: plan_limits
                .map(|(plan, limits)| (plan.clone(), limits.or(options.limits).sql()))
                .collect(),
        })
    }

    /// The same for the tables of this declaration, without which no tenant's own schema is opened:
    /// whether it can be is a matter of how tables are declared.
    pub fn declared(mut self, tenancy: &Tenancy) -> Self {
        self.home.declare(tenancy);
        self
    }

    /// What a pool asks its server before it opens the first transaction, where the layout leaves open how
    /// the tenant is set ([`Binding::Automatic`](crate::Binding)): one row with one boolean, `counted`, for
    /// [`counted`](Self::counted).
    pub fn question(&self) -> Option<&'static str> {
        self.uncounted.as_ref().map(|_| COUNTED)
    }

    /// Sets the tenant by what costs the least, unless the server counts that by its text.
    pub fn counted(mut self, counted: bool) -> Self {
        if let Some(local) = self.uncounted.take()
            && !counted
        {
            self.tenant = SetTenant::Plain(local);
        }
        self
    }

    /// Whether it opens tenants of the database of this name.
    pub fn is_for(&self, database: &str) -> bool {
        self.home.is(database)
    }

    /// What a transaction is told, as settings, sealed or not: for whoever plays the attacker.
    pub(crate) fn told(&self, tenant: &str, actor: &str) -> Vec<(String, String)> {
        let told = self.plain.told(tenant, actor);
        told.map(|(name, value)| (name.clone(), value)).collect()
    }

    /// The seal, where there is one.
    pub(crate) fn seal(&self) -> Option<&Seal> {
        match &self.tenant {
            SetTenant::Seal(seal) => Some(seal),
            SetTenant::Plain(_) => None,
        }
    }

    /// Whether it opens a transaction for this scope: what can be refused before a connection is
    /// taken.
    ///
    /// # Errors
    /// As [`tenant`](Self::tenant).
    pub fn check(&self, scope: &TenantScope<Verified>) -> Result<(), Error> {
        self.check_id(scope)?;
        self.home.check(scope.record())?;
        let age = scope.age();
        if age > self.max_scope_age {
            let (tenant, max) = (scope.id().clone(), self.max_scope_age);
            return Err(Error::StaleScope { tenant, age, max });
        }
        Ok(())
    }

    fn check_id<'s>(&self, scope: &'s TenantScope<Verified>) -> Result<&'s TenantId, Error> {
        let id = scope.id();
        id.check()?;
        if id.key() != self.key {
            return Err(Error::WrongKey {
                tenant: id.clone(),
                found: id.key(),
                declared: self.key,
            });
        }
        Ok(id)
    }

    /// `BEGIN`, role, search path and tenant.
    ///
    /// The tenant comes last, so a failing message leaves an aborted transaction, in which nothing
    /// runs, and never one without a role. A sealed one is good for seconds: render it when the
    /// connection is there, and again for another one.
    ///
    /// # Errors
    /// [`Error::StaleScope`] when the scope was verified too long ago; [`Error::Elsewhere`],
    /// [`Error::WrongRegion`] and [`Error::InvalidPlacement`] for a tenant that does not live where
    /// this opens; otherwise as [`bind`](Self::bind).
    pub fn tenant(
        &self,
        scope: &TenantScope<Verified>,
        options: TransactionOptions,
    ) -> Result<String, Error> {
        self.check(scope)?;
        let bind = self.bind_tenant(scope)?;
        let plan = scope.record().plan.as_ref();
        let limits = plan.and_then(|plan| self.plan_limits.get(plan)).unwrap_or(&self.limits);
        let placement = &scope.record().placement;
        let own = self.home.role(placement)?;
        let begin = self.begin(options, own.as_deref().unwrap_or(&self.tenant_role));
        let path = self.home.path(placement)?;
        Ok(format!("{begin}{path}{limits}; {bind}"))
    }

    /// What sets the tenant, in a transaction that is open, and where it looks, if that is a schema of
    /// its own.
    ///
    /// # Errors
    /// [`Error::WrongKey`] when the id is not of this tenancy's type, [`Error::InvalidTenantId`]
    /// when it names nobody.
    pub fn bind(&self, scope: &TenantScope<Verified>) -> Result<String, Error> {
        let bind = self.bind_tenant(scope)?;
        match &scope.record().placement {
            own @ Placement::Schema { .. } => {
                let path = self.home.path(own)?;
                Ok(format!("{}; {bind}", path.trim_start_matches("; ")))
            }
            _ => Ok(bind),
        }
    }

    fn bind_tenant(&self, scope: &TenantScope<Verified>) -> Result<String, Error> {
        let id = self.check_id(scope)?;
        let actor = match scope.principal() {
            Principal::User(id) => id,
            Principal::Token | Principal::System(_) => "",
        };
        self.name(&id.to_string(), actor)
    }

    /// The same for a tenant that is being made, and that no scope can be of yet.
    pub(crate) fn name(&self, tenant: &str, actor: &str) -> Result<String, Error> {
        self.tenant.sql(tenant, actor)
    }

    /// `BEGIN`, the shared role and the search path, without any tenant.
    pub fn shared(&self, options: TransactionOptions) -> String {
        let begin = self.begin(options, &self.shared_role);
        format!("{begin}{}{}{}", self.home.shared_path(), self.limits, self.no_tenant)
    }

    /// What the last tenant on this connection left is gone: what a sequence gave it (`lastval`,
    /// `currval`), and, behind a pooler, cursors that it declared `WITH HOLD`.
    fn begin(&self, options: TransactionOptions, role: &str) -> String {
        let clear = if self.clear { AND_CLEAR } else { "" };
        format!("{}; DISCARD SEQUENCES; CLOSE ALL{clear}{role}", options.begin_sql())
    }
}

fn search_path(layout: &Layout) -> String {
    format!("; SET LOCAL search_path = {}", layout.path())
}

#[cfg(test)]
mod tests;

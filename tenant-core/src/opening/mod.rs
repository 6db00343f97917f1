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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Limits, SealKey, StaticRegistry, TableName, TenantRecord, quote_ident, quote_literal,
    };

    fn opening(key: TenantKey) -> Opening {
        with(key, &OpeningOptions::default())
    }

    fn with(key: TenantKey, options: &OpeningOptions) -> Opening {
        Opening::new(&Layout::new("shop").unwrap(), key, options).unwrap()
    }

    fn scope(id: impl Into<TenantId>) -> TenantScope<Verified> {
        verified(TenantRecord::new(id, "acme"))
    }

    fn verified(record: TenantRecord) -> TenantScope<Verified> {
        let claim = TenantScope::claim(record.id.clone(), Principal::System("test".into()));
        let registry = StaticRegistry::new([record]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(claim.verify(&registry)).unwrap()
    }

    #[test]
    fn one_message_with_everything_and_the_tenant_last() {
        let opening = opening(TenantKey::Bigint);
        assert_eq!(
            opening.tenant(&scope(7), TransactionOptions::default()).unwrap(),
            "BEGIN; DISCARD SEQUENCES; CLOSE ALL; SET LOCAL ROLE \"shop_tenant\"; SET LOCAL search_path = \"public\", pg_temp; \
             SELECT pg_catalog.set_config('app.current_tenant_id', '7', true), \
             pg_catalog.set_config('tenancy.actor', '', true)"
        );
        assert_eq!(
            opening.shared(TransactionOptions::default().read_only()),
            "BEGIN READ ONLY; DISCARD SEQUENCES; CLOSE ALL; SET LOCAL ROLE \"shop_shared\"; SET LOCAL search_path = \"public\", pg_temp"
        );
    }

    #[test]
    fn what_nobody_counts_costs_the_least() {
        let message =
            |opening: Opening| opening.tenant(&scope(7), TransactionOptions::default()).unwrap();
        assert!(opening(TenantKey::Bigint).question().is_some());
        let counted = message(opening(TenantKey::Bigint).counted(true));
        assert!(counted.contains("SELECT pg_catalog.set_config("), "{counted}");
        let uncounted = message(opening(TenantKey::Bigint).counted(false));
        let set = r#"SET LOCAL "app"."current_tenant_id" = '7'; SET LOCAL "tenancy"."actor" = ''"#;
        assert!(uncounted.ends_with(set), "{uncounted}");
        for binding in [Binding::SetConfig, Binding::SetLocal] {
            let layout = Layout::new("shop").unwrap().binding(binding);
            let options = OpeningOptions::default();
            let opening = Opening::new(&layout, TenantKey::Bigint, &options).unwrap();
            assert_eq!(opening.question(), None, "{binding:?}");
            assert_eq!(message(opening.clone()), message(opening.counted(false)), "{binding:?}");
        }
        let mut options = OpeningOptions::default();
        options.seal(Seal::new(SealKey::new("k", vec![1; 32]).unwrap()));
        let sealed = with(TenantKey::Bigint, &options);
        assert_eq!(sealed.question(), None);
        assert!(message(sealed.counted(false)).contains("tenancy.open"));
    }

    fn in_schema(schema: &str) -> TenantScope<Verified> {
        let own = Placement::Schema { database: "main".into(), schema: schema.to_owned() };
        verified(TenantRecord::new(7, "acme").placement(own))
    }

    fn common() -> Opening {
        let layout = Layout::new("shop").unwrap().shared_schema("common").unwrap();
        let options = OpeningOptions::default();
        let opening = Opening::new(&layout, TenantKey::Bigint, &options).unwrap();
        opening.declared(&Tenancy::new(TenantKey::Bigint))
    }

    #[test]
    fn a_tenants_own_schema_and_the_shared_one_are_all_that_it_sees() {
        let message = common().tenant(&in_schema("ac\"me"), TransactionOptions::default()).unwrap();
        assert!(
            message.contains(
                r#"; SET LOCAL search_path = "ac""me", "common", pg_temp; SELECT '"ac""me"'::pg_catalog.regnamespace; "#
            ),
            "{message}"
        );
        assert!(!message.contains("public"), "{message}");
        // A setting that is changed in a nested transaction stays after its release.
        let again = common().bind(&in_schema("acme")).unwrap();
        assert!(
            again.starts_with(r#"SET LOCAL search_path = "acme", "common", pg_temp; "#),
            "{again}"
        );
    }

    #[test]
    fn a_tenant_that_lives_elsewhere_is_refused_before_anything_is_sent() {
        let at = |place: Placement| verified(TenantRecord::new(7, "acme").placement(place));
        let away = at(Placement::shared("eu-1").unwrap());
        assert!(matches!(common().check(&away), Err(Error::Elsewhere { .. })));
        for schema in ["common", "public", "pg_temp", "tenancy", "$user", ""] {
            let refused = common().check(&in_schema(schema));
            assert!(matches!(refused, Err(Error::InvalidPlacement { .. })), "{schema}");
        }
        let undeclared = opening(TenantKey::Bigint).check(&in_schema("acme"));
        assert!(matches!(undeclared, Err(Error::InvalidPlacement { .. })));
        let table = TableName::new("orders").and_then(|name| name.in_schema("public"));
        let fixed = Tenancy::new(TenantKey::Bigint).tenant_table(table, None);
        let refused = common().declared(&fixed).check(&in_schema("acme"));
        assert!(matches!(refused, Err(Error::InvalidPlacement { .. })), "{refused:?}");
        let mut options = OpeningOptions::default();
        options.database("eu-1");
        options.region("eu");
        let there = with(TenantKey::Bigint, &options);
        there.check(&away).unwrap();
        let american = TenantRecord::new(7, "acme").region("us");
        let american = verified(american.placement(Placement::shared("eu-1").unwrap()));
        assert!(matches!(there.check(&american), Err(Error::WrongRegion { .. })));
    }

    #[test]
    fn another_key_and_a_stale_scope_are_refused_before_anything_is_sent() {
        let options = TransactionOptions::default();
        let uuids = opening(TenantKey::Uuid);
        assert!(matches!(uuids.tenant(&scope(7), options), Err(Error::WrongKey { .. })));
        let mut strict = OpeningOptions::default();
        strict.max_scope_age(Duration::ZERO);
        let strict = with(TenantKey::Bigint, &strict);
        assert!(matches!(strict.tenant(&scope(7), options), Err(Error::StaleScope { .. })));
    }

    #[test]
    fn a_sealed_layout_without_a_key_opens_nothing() {
        let layout = Layout::new("shop").unwrap().binding(Binding::Sealed);
        let opened = Opening::new(&layout, TenantKey::Bigint, &OpeningOptions::default());
        assert!(matches!(opened, Err(Error::NoSeal)));
    }

    #[test]
    fn a_token_stands_behind_its_padding() {
        let key = SealKey::new("k", vec![1; 32]).unwrap();
        let mut options = OpeningOptions::default();
        options.seal(Seal::new(key).padding(100));
        let message = with(TenantKey::Bigint, &options)
            .tenant(&scope(7), TransactionOptions::default())
            .unwrap();
        assert!(message.find("tenancy.open").unwrap() > 100, "{message}");
        assert!(!message.contains("set_config"), "{message}");
    }

    #[test]
    fn what_is_cleared_is_cleared_by_the_login_and_not_by_the_tenant() {
        let mut options = OpeningOptions::default();
        options.clear_statements();
        let opening = with(TenantKey::Bigint, &options);
        let message = opening.tenant(&scope(7), TransactionOptions::default()).unwrap();
        assert!(message.find("DEALLOCATE").unwrap() < message.find("SET LOCAL ROLE").unwrap());
    }

    #[test]
    fn limits_of_the_plan_ride_along() {
        let mut options = OpeningOptions::default();
        options.limits(Limits::new().parallel_workers(0));
        options.plan_limits("free", Limits::new().work_mem_kib(1024));
        let opening = with(TenantKey::Bigint, &options);
        let message = |plan: &str| {
            let record = TenantRecord::new(7, "acme").plan(plan);
            opening.tenant(&verified(record), TransactionOptions::default()).unwrap()
        };
        let (free, pro) = (message("free"), message("pro"));
        assert!(free.contains("SET LOCAL work_mem = 1024; SET LOCAL max_parallel"), "{free}");
        assert!(!pro.contains("work_mem") && pro.contains("max_parallel"), "{pro}");
        assert!(opening.shared(TransactionOptions::default()).contains("max_parallel"));
    }

    proptest! {
        #[test]
        fn a_hostile_schema_stays_inside_its_quotes(name in r#"(["'\\;,.$ ]|\PC){1,30}"#) {
            prop_assume!(common().check(&in_schema(&name)).is_ok());
            let sql = common().bind(&in_schema(&name)).unwrap();
            let ident = quote_ident(&name).unwrap();
            let path = format!("SET LOCAL search_path = {ident}, \"common\", pg_temp; SELECT {}::pg_catalog.regnamespace; ",
                quote_literal(&ident));
            prop_assert!(sql.starts_with(&path), "{}", sql);
        }

        #[test]
        fn a_hostile_text_tenant_stays_inside_its_literal(text in r"(['\\;]|\PC){1,60}") {
            let scope = scope(TenantId::try_from(text.as_str()).unwrap());
            let sql = opening(TenantKey::Text).bind(&scope).unwrap();
            let rest = sql.strip_prefix("SELECT pg_catalog.set_config('app.current_tenant_id', ").unwrap();
            prop_assert_eq!(rest.strip_suffix(", true), pg_catalog.set_config('tenancy.actor', '', true)").unwrap(), quote_literal(&text));
        }
    }
}

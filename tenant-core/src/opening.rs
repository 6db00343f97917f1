//! The message that opens a transaction: everything that must hold before the first query of the
//! user, in one write.

use std::time::Duration;

use crate::{
    Binding, Error, Layout, TenantKey, TenantScope, TransactionOptions, Verified,
    quote::{quote_literal, quoted},
};

/// How old a scope may be unless the pool says otherwise.
const MAX_SCOPE_AGE: Duration = Duration::from_mins(5);

/// Renders the message that opens a transaction, for the adapters.
///
/// What varies between transactions is the tenant alone; the rest is rendered once.
#[derive(Debug, Clone)]
pub struct Opening {
    tenant_prefix: String,
    tenant_suffix: &'static str,
    tenant_role: String,
    shared_role: String,
    search_path: String,
    no_tenant: String,
    key: TenantKey,
    max_scope_age: Duration,
}

impl Opening {
    /// The opening for this layout, and tenants of this key.
    pub fn new(layout: &Layout, key: TenantKey) -> Self {
        let set_role = |role: Option<&str>| {
            role.map_or_else(String::new, |r| format!("; SET LOCAL ROLE {}", quoted(r)))
        };
        let mut path: Vec<String> = layout.schema_names().iter().map(|s| quoted(s)).collect();
        path.push("pg_temp".to_owned());
        let setting = layout.setting_name();
        let (tenant_prefix, tenant_suffix) = match layout.binding_kind() {
            Binding::SetConfig => {
                (format!("SELECT pg_catalog.set_config({}, ", quote_literal(setting)), ", true)")
            }
            Binding::SetLocal => {
                let name: Vec<String> = setting.split('.').map(quoted).collect();
                (format!("SET LOCAL {} = ", name.join(".")), "")
            }
        };
        // Where one role does everything, no role stands behind a tenant that was left over.
        let no_tenant = if layout.roles().is_single() {
            format!("; {tenant_prefix}''{tenant_suffix}")
        } else {
            String::new()
        };
        Self {
            no_tenant,
            tenant_prefix,
            tenant_suffix,
            tenant_role: set_role(layout.roles().tenant()),
            shared_role: set_role(layout.roles().shared()),
            search_path: format!("; SET LOCAL search_path = {}", path.join(", ")),
            key,
            max_scope_age: MAX_SCOPE_AGE,
        }
    }

    /// The same, for scopes verified no longer ago than this. The default is five minutes.
    pub fn max_scope_age(mut self, max: Duration) -> Self {
        self.max_scope_age = max;
        self
    }

    /// `BEGIN`, role, search path and tenant.
    ///
    /// The tenant comes last, so a failing message leaves an aborted transaction, in which nothing
    /// runs, and never one without a role.
    ///
    /// # Errors
    /// [`Error::StaleScope`] when the scope was verified too long ago; otherwise as
    /// [`bind`](Self::bind).
    pub fn tenant(
        &self,
        scope: &TenantScope<Verified>,
        options: TransactionOptions,
    ) -> Result<String, Error> {
        let age = scope.age();
        if age > self.max_scope_age {
            let (tenant, max) = (scope.id().clone(), self.max_scope_age);
            return Err(Error::StaleScope { tenant, age, max });
        }
        let bind = self.bind(scope)?;
        Ok(format!("{}{}; {bind}", Self::begin(options, &self.tenant_role), self.search_path))
    }

    /// The statement that sets the tenant, in a transaction that is open.
    ///
    /// # Errors
    /// [`Error::WrongKey`] when the id is not of this tenancy's type, [`Error::InvalidTenantId`]
    /// when it names nobody.
    pub fn bind(&self, scope: &TenantScope<Verified>) -> Result<String, Error> {
        let id = scope.id();
        id.check()?;
        if id.key() != self.key {
            return Err(Error::WrongKey {
                tenant: id.clone(),
                found: id.key(),
                declared: self.key,
            });
        }
        let value = quote_literal(&id.to_string());
        Ok(format!("{}{value}{}", self.tenant_prefix, self.tenant_suffix))
    }

    /// `BEGIN`, the shared role and the search path, without any tenant.
    pub fn shared(&self, options: TransactionOptions) -> String {
        let begin = Self::begin(options, &self.shared_role);
        format!("{begin}{}{}", self.search_path, self.no_tenant)
    }

    /// What a sequence gave the last tenant on this connection (`lastval`, `currval`) is forgotten.
    fn begin(options: TransactionOptions, role: &str) -> String {
        format!("{}; DISCARD SEQUENCES{role}", options.begin_sql())
    }
}

/// The message that ends a transaction with a commit that cannot be mistaken for one.
///
/// PostgreSQL answers `COMMIT` with `ROLLBACK` in an aborted transaction, and with a warning
/// outside of one; drivers report both as success. A savepoint before it fails in either case, and
/// costs no round trip.
pub const COMMIT: &str = "SAVEPOINT tenant_commit; COMMIT";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Principal, StaticRegistry, TenantId, TenantRecord};

    fn opening(key: TenantKey) -> Opening {
        Opening::new(&Layout::new("shop").unwrap(), key)
    }

    fn scope(id: impl Into<TenantId>) -> TenantScope<Verified> {
        let record = TenantRecord::new(id, "acme");
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
            "BEGIN; DISCARD SEQUENCES; SET LOCAL ROLE \"shop_tenant\"; SET LOCAL search_path = \"public\", pg_temp; \
             SELECT pg_catalog.set_config('app.current_tenant_id', '7', true)"
        );
        assert_eq!(
            opening.shared(TransactionOptions::default().read_only()),
            "BEGIN READ ONLY; DISCARD SEQUENCES; SET LOCAL ROLE \"shop_shared\"; SET LOCAL search_path = \"public\", pg_temp"
        );
    }

    #[test]
    fn another_key_and_a_stale_scope_are_refused_before_anything_is_sent() {
        let options = TransactionOptions::default();
        let uuids = opening(TenantKey::Uuid);
        assert!(matches!(uuids.tenant(&scope(7), options), Err(Error::WrongKey { .. })));
        let strict = opening(TenantKey::Bigint).max_scope_age(Duration::ZERO);
        assert!(matches!(strict.tenant(&scope(7), options), Err(Error::StaleScope { .. })));
    }

    proptest! {
        #[test]
        fn a_hostile_text_tenant_stays_inside_its_literal(text in r"(['\\;]|\PC){1,60}") {
            let scope = scope(TenantId::try_from(text.as_str()).unwrap());
            let sql = opening(TenantKey::Text).bind(&scope).unwrap();
            let rest = sql.strip_prefix("SELECT pg_catalog.set_config('app.current_tenant_id', ").unwrap();
            prop_assert_eq!(rest.strip_suffix(", true)").unwrap(), quote_literal(&text));
        }
    }
}

use std::time::Instant;

use super::{ACTOR, Plain, SetTenant, search_path};
use crate::{
    CrossTenantScope, Error, Layout, Seal, TenantKey, TransactionOptions, pooler::AND_CLEAR,
    quote::dollar_quoted, quote_literal,
};

/// Renders the message that opens a transaction across tenants, for the adapters.
///
/// First comes the audit record, in a transaction of its own: when that is not committed, nothing
/// behind it runs.
#[derive(Debug, Clone)]
pub struct AdminOpening {
    admin: String,
    /// `None` where the tenant would have to be sealed, and there is no key.
    tenant: Option<SetTenant>,
    nobody: String,
    search_path: String,
    key: TenantKey,
    clear: &'static str,
}

impl AdminOpening {
    /// The constraint that the error of a refused start names.
    pub const CONSTRAINT: &'static str = "tenant_not_admin";

    /// The opening for this layout, and tenants of this key.
    ///
    /// # Errors
    /// [`Error::NoAdmin`] where one role does everything.
    pub fn new(layout: &Layout, key: TenantKey, seal: Option<&Seal>) -> Result<Self, Error> {
        let admin = layout.roles().admin().ok_or(Error::NoAdmin)?.to_owned();
        let tenant = match seal {
            Some(seal) => Some(SetTenant::Seal(seal.clone())),
            None if layout.binding_kind().is_sealed() => None,
            None => Some(SetTenant::Plain(Plain::of(layout))),
        };
        let (nobody, search_path) = (Plain::nobody(layout), search_path(layout));
        Ok(Self { admin, tenant, nobody, search_path, key, clear: "" })
    }

    /// As [`OpeningOptions::clear_statements`](crate::adapter::OpeningOptions::clear_statements).
    pub fn clear_statements(&mut self) {
        self.clear = AND_CLEAR;
    }

    /// Asks, once, whether the session is the admin's: a superuser's is held by nothing, and
    /// another role's would see no rows and say so late.
    pub fn check(&self) -> String {
        let admin = quote_literal(&self.admin);
        let body = dollar_quoted(&format!(
            "\nBEGIN\n  IF session_user <> {admin} THEN\n    \
               RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',\n      \
               CONSTRAINT = '{}', MESSAGE = format('this login is %s, not %s', session_user, {admin});\n  \
             END IF;\nEND\n",
            Self::CONSTRAINT
        ));
        format!("DO {body}")
    }

    /// Whether it opens a transaction for this scope: what can be refused before a connection is
    /// taken.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub fn check_scope(&self, scope: &CrossTenantScope) -> Result<(), Error> {
        Self::left_ms(scope)?;
        self.set_tenant(scope).map(drop)
    }

    /// The audit record; then `BEGIN`, read only unless the scope asked to write, and what ends the
    /// transaction with the scope.
    ///
    /// # Errors
    /// [`Error::CrossTenantScopeEnded`]; [`Error::WrongKey`] and [`Error::InvalidTenantId`] for the
    /// tenant that it is about; [`Error::NoSeal`] where that one cannot be set.
    pub fn message(
        &self,
        scope: &CrossTenantScope,
        options: TransactionOptions,
    ) -> Result<String, Error> {
        let left = Self::left_ms(scope)?;
        let bind = self.set_tenant(scope)?;
        let tenant =
            scope.tenant().map_or_else(|| "NULL".to_owned(), |id| quote_literal(&id.to_string()));
        let (actor, reason) = (quote_literal(scope.actor()), quote_literal(scope.reason()));
        let options = if scope.may_write() { options } else { options.read_only() };
        let access = if scope.may_write() { "write" } else { "read" };
        let lasts_s = left.div_ceil(1000);
        tracing::info!(
            target: "tenant::audit", event = "support_access", actor = scope.actor(),
            reason = scope.reason(), tenant.id = scope.tenant().map(tracing::field::display),
            access, "opening"
        );
        // The last SELECT takes a snapshot, after which a read-only transaction stays one.
        Ok(format!(
            "BEGIN; SELECT pg_catalog.set_config('synchronous_commit', 'on', true) \
             WHERE pg_catalog.current_setting('synchronous_commit') = 'off'; \
             SELECT tenancy.record('support_access', {tenant}, {actor}, {reason}, \
             '{{\"access\":\"{access}\",\"seconds\":{lasts_s}}}'); COMMIT; \
             {begin}; SELECT pg_catalog.set_config('transaction_timeout', '{left}', true) \
             WHERE pg_catalog.current_setting('server_version_num')::int >= 170000; DISCARD SEQUENCES; CLOSE ALL{clear}{path}; SET LOCAL statement_timeout = {left}; \
             SET LOCAL idle_in_transaction_session_timeout = {left}; {bind}; \
             SELECT pg_catalog.set_config('{ACTOR}', {actor}, true)",
            begin = options.begin_sql(),
            clear = self.clear,
            path = self.search_path,
        ))
    }

    fn left_ms(scope: &CrossTenantScope) -> Result<u128, Error> {
        let left = scope.ends().saturating_duration_since(Instant::now()).as_millis();
        match left {
            0 => Err(Error::CrossTenantScopeEnded { actor: scope.actor().to_owned() }),
            left => Ok(left),
        }
    }

    fn set_tenant(&self, scope: &CrossTenantScope) -> Result<String, Error> {
        let Some(id) = scope.tenant() else { return Ok(self.nobody.clone()) };
        id.check()?;
        if id.key() != self.key {
            let (found, declared) = (id.key(), self.key);
            return Err(Error::WrongKey { tenant: id.clone(), found, declared });
        }
        self.tenant.as_ref().ok_or(Error::NoSeal)?.sql(&id.to_string(), scope.actor())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TenantId;

    fn opening() -> AdminOpening {
        AdminOpening::new(&Layout::new("shop").unwrap(), TenantKey::Bigint, None).unwrap()
    }

    fn scope() -> CrossTenantScope {
        CrossTenantScope::new("alice", "ticket").unwrap()
    }

    #[test]
    fn it_reads_unless_writing_was_asked_for_whatever_the_options_say() {
        let options = TransactionOptions::default().read_write();
        let reads = opening().message(&scope(), options).unwrap();
        assert!(reads.contains("COMMIT; BEGIN READ ONLY; "), "{reads}");
        let writes = opening().message(&scope().writes(), options).unwrap();
        assert!(writes.contains("COMMIT; BEGIN READ WRITE; "), "{writes}");
        assert!(writes.contains(r#"'{"access":"write","seconds":900}'"#), "{writes}");
    }

    #[test]
    fn what_has_ended_or_cannot_be_set_is_refused_before_anything_is_sent() {
        let ended = scope().lasts(std::time::Duration::ZERO);
        let refused = opening().message(&ended, TransactionOptions::default());
        assert!(matches!(refused, Err(Error::CrossTenantScopeEnded { .. })));
        let other = scope().on_behalf_of(TenantId::try_from("7").unwrap());
        let refused = opening().message(&other, TransactionOptions::default());
        assert!(matches!(refused, Err(Error::WrongKey { .. })));
        let layout = Layout::new("shop").unwrap().binding(crate::Binding::Sealed);
        let sealed = AdminOpening::new(&layout, TenantKey::Bigint, None).unwrap();
        assert!(sealed.message(&scope(), TransactionOptions::default()).is_ok());
        let refused = sealed.message(&scope().on_behalf_of(7), TransactionOptions::default());
        assert!(matches!(refused, Err(Error::NoSeal)));
        let single = Layout::single_role("app").unwrap();
        assert!(matches!(AdminOpening::new(&single, TenantKey::Bigint, None), Err(Error::NoAdmin)));
    }

    proptest! {
        #[test]
        fn a_hostile_actor_or_reason_stays_inside_its_literal(text in r"(['\\;$]|[^\x00]){1,40}") {
            prop_assume!(!text.trim().is_empty());
            let scope = CrossTenantScope::new(&text, &text).unwrap();
            let sql = opening().message(&scope, TransactionOptions::default()).unwrap();
            let quoted = quote_literal(&text);
            prop_assert!(sql.contains(&format!("NULL, {quoted}, {quoted}, '{{")), "{}", sql);
            prop_assert!(sql.ends_with(&format!("'tenancy.actor', {quoted}, true)")), "{}", sql);
        }
    }
}

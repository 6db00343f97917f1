//! What `tenancy.open` has opened, kept by the server's own rights ([`Binding::Guarded`]).
//!
//! A custom setting can be set by everybody, whatever is granted. Of PostgreSQL's own parameters
//! there is one text that needs a right, may be given to a role (`GRANT SET ON PARAMETER`), takes what
//! we want to say and does nothing with it: `backtrace_functions`, the names of functions of the
//! server's code whose errors are logged with a trace. None of them is named like a tenant.

use super::roles::block_with;
use crate::{Binding, Layout, TenantKey, hex::hex, quote_literal};

/// The parameter.
pub(crate) const PARAMETER: &str = "backtrace_functions";

/// Before its grants change: the server keeps all of them in one row, which two cannot change at once.
pub(super) const LOCK: &str = "LOCK TABLE pg_parameter_acl IN SHARE ROW EXCLUSIVE MODE;";

/// What our text begins with, so that an administrator's is nobody's tenant.
pub(crate) const BEGINS: &str = "tenant__";

/// Between tenant and actor.
const BETWEEN: &str = "__";

/// What the parameter is set to, of two texts in SQL. It takes letters, digits and underscores.
pub(super) fn value(tenant: &str, actor: &str) -> String {
    let digits = |text: &str| format!("encode(convert_to({text}, 'UTF8'), 'hex')");
    format!("'{BEGINS}' || {} || '{BETWEEN}' || {}", digits(tenant), digits(actor))
}

/// The same of this tenant and nobody, made by somebody else.
pub(crate) fn forged(tenant: &str) -> String {
    format!("{BEGINS}{}{BETWEEN}", hex(tenant.as_bytes()))
}

/// The tenant as a text in SQL; NULL where none was opened.
fn tenant() -> String {
    part(1)
}

/// The actor, likewise.
pub(super) fn actor() -> String {
    part(2)
}

fn part(number: u8) -> String {
    format!(
        "convert_from(decode(nullif(split_part(split_part(current_setting('{PARAMETER}'), '{BEGINS}', 2), \
         '{BETWEEN}', {number}), ''), 'hex'), 'UTF8')"
    )
}

/// One expression, as where settings are believed, and for the same reasons.
pub(super) fn current_tenant(key: TenantKey) -> String {
    format!(
        "-- The one place that knows how a transaction says whose it is.\n\
         CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS {key}\n\
         LANGUAGE sql STABLE PARALLEL SAFE\n\
         RETURN coalesce({}::{key}, tenancy.no_tenant());\n\
         REVOKE ALL ON FUNCTION tenancy.current_tenant() FROM PUBLIC;\n",
        tenant()
    )
}

/// The right of whoever `tenancy.open` runs as, once that is its owner.
pub(super) fn grant(layout: &Layout) -> String {
    if layout.binding_kind() != Binding::Guarded {
        return String::new();
    }
    let owner = layout.roles().owner().map_or("current_user".to_owned(), quote_literal);
    "-- What was opened is kept in a parameter that needs a right. Only a superuser can give it.\n"
        .to_owned()
        + &block_with(
            &format!("keeper name := {owner};"),
            &format!(
                "IF NOT has_parameter_privilege(keeper, '{PARAMETER}', 'SET') THEN\n    \
                   BEGIN\n      \
                     {LOCK}\n      \
                     EXECUTE format('GRANT SET ON PARAMETER {PARAMETER} TO %I', keeper);\n    \
                   EXCEPTION WHEN insufficient_privilege THEN\n      \
                     RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(\
                     'Binding::Guarded wants a right that only a superuser can give: let one run GRANT SET ON \
                     PARAMETER {PARAMETER} TO %I, then do this again; where nobody can, take Binding::Sealed', keeper);\n    \
                   END;\n  END IF;"
            ),
        )
}

/// The same for a role that stays, since another database uses it, after all that it was granted was
/// taken from it.
pub(super) fn grant_again(role: &str) -> String {
    format!("EXECUTE format('GRANT SET ON PARAMETER {PARAMETER} TO %I', {role});")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_guarded_layout_asks_for_the_right() {
        let layout = || Layout::new("shop").unwrap();
        assert_eq!(grant(&layout().binding(Binding::Sealed)), "");
        let guarded = grant(&layout().binding(Binding::Guarded));
        assert!(guarded.contains("keeper name := 'shop_owner';"), "{guarded}");
        let single = Layout::single_role("app").unwrap().binding(Binding::Guarded);
        assert!(grant(&single).contains("keeper name := current_user;"));
    }
}

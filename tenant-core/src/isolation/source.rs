//! What a tenant source needs beside `tenancy.current_tenant()`.

use super::{
    ledger::remember_relations,
    relations::regclass,
    roles::{block, block_with},
};
use crate::{Layout, TenantKey, quote::quoted, quote_literal};

pub(super) fn up(layout: &Layout, key: TenantKey) -> Vec<String> {
    let roles = layout.roles();
    let caller = roles.tenant().unwrap_or(roles.login());
    let mut parts = Vec::new();
    if layout.source().asks_auth() {
        parts.push(
            "-- The tenant's role asks auth.jwt().\n".to_owned()
                + &block(&format!(
                    "IF NOT has_schema_privilege({role}, 'auth', 'USAGE') THEN\n    \
                       GRANT USAGE ON SCHEMA auth TO {name};\n  END IF;\n  \
                     IF NOT has_function_privilege({role}, 'auth.jwt()', 'EXECUTE') THEN\n    \
                       GRANT EXECUTE ON FUNCTION auth.jwt() TO {name};\n  END IF;",
                    role = quote_literal(caller),
                    name = quoted(caller),
                )),
        );
    }
    if let Some(membership) = layout.source().membership(layout.setting_name(), key) {
        parts.push(current_tenants(layout, key, caller, &membership));
    }
    parts
}

/// The tenants of the user who asks. It runs as its owner, because the tenant's role has no right
/// to the table of members; so its path is fixed, and it takes no argument.
fn current_tenants(
    layout: &Layout,
    key: TenantKey,
    caller: &str,
    membership: &crate::source::Membership,
) -> String {
    let oid = regclass(&membership.table);
    let create = format!(
        "CREATE OR REPLACE FUNCTION tenancy.current_tenants() RETURNS SETOF {key} LANGUAGE sql STABLE \
         SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS "
    );
    let mut sql = "-- The tenants of the user who asks.\n".to_owned()
        + &block_with(
            "user_type text;",
            &format!(
                "SELECT format_type(atttypid, atttypmod) INTO user_type FROM pg_attribute\n    \
                 WHERE attrelid = {oid} AND attname = {} AND NOT attisdropped;\n  \
                 IF user_type IS NULL THEN\n    \
                   RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = {};\n  END IF;\n  \
                 EXECUTE {} || quote_literal({} || '::' || user_type || {});",
                quote_literal(&membership.user),
                quote_literal(&format!("{} has no column {}", membership.table, membership.user)),
                quote_literal(&create),
                quote_literal(&membership.before),
                quote_literal(&membership.after),
            ),
        )
        + &format!(
            "REVOKE ALL ON FUNCTION tenancy.current_tenants() FROM PUBLIC;\n\
             GRANT EXECUTE ON FUNCTION tenancy.current_tenants() TO {};\n",
            quoted(caller)
        );
    if let Some(owner) = layout.roles().owner() {
        let owner = quoted(owner);
        sql.push_str(&remember_relations(&format!("SELECT {oid}")));
        sql.push_str(&format!(
            "GRANT SELECT ON TABLE {} TO {owner};\n\
             ALTER FUNCTION tenancy.current_tenants() OWNER TO {owner};\n",
            membership.table
        ));
        if let Some(schema) = membership.table.schema() {
            sql.push_str(&format!("GRANT USAGE ON SCHEMA {} TO {owner};\n", quoted(schema)));
        }
    }
    sql
}

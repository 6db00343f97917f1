//! The one function that knows how a transaction says whose it is, where that is believed as it is.

use crate::{Binding, Layout, TenantKey, TenantSource, quote::dollar_quoted, quote_literal};

/// What refuses, for whoever may call the other.
pub(super) const FUNCTIONS: [&str; 1] = ["tenancy.no_tenant()"];

/// Made first, since the other's body is looked up when that is made.
pub(super) fn no_tenant(layout: &Layout, key: TenantKey) -> String {
    let setting = quote_literal(layout.setting_name());
    let unsealed = if layout.binding_kind() == Binding::Guarded {
        format!(
            "IF current_setting({setting}, true) <> '' THEN\n    {}  END IF;\n  ",
            super::seal::REFUSE
        )
    } else {
        String::new()
    };
    let body = dollar_quoted(&format!("\nBEGIN\n  {unsealed}{REFUSE}END\n"));
    format!(
        "-- Says that there is no tenant, with the name of the error. It knows nothing, so anybody may call it.\n\
         CREATE OR REPLACE FUNCTION tenancy.no_tenant() RETURNS {key}\n\
         LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         GRANT EXECUTE ON FUNCTION tenancy.no_tenant() TO PUBLIC;\n"
    )
}

/// Of a setting it is one expression, which PostgreSQL puts in the place of the call: a call of PL/pgSQL
/// with a path of its own costs more than all else that row security does for a query by key. Its names
/// were looked up when it was made, so no path of a caller's changes what they mean.
///
/// Citus hands on single functions to its workers, so there it is one.
pub(super) fn current_tenant(layout: &Layout, key: TenantKey) -> String {
    let body = match layout.source() {
        TenantSource::Setting if !layout.is_citus() => format!(
            "LANGUAGE sql STABLE PARALLEL SAFE\n\
             RETURN coalesce(nullif(current_setting({}, true), '')::{key}, tenancy.no_tenant())",
            quote_literal(layout.setting_name())
        ),
        source => format!(
            "LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp\nAS {}",
            dollar_quoted(&format!(
                "\nDECLARE\n  tenant text := {};\nBEGIN\n  {}  RETURN tenant::{key};\nEND\n",
                source.expression(layout.setting_name()),
                refuse_no_tenant()
            ))
        ),
    };
    format!(
        "-- The one place that knows how a transaction says whose it is.\n\
         CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS {key}\n\
         {body};\n\
         REVOKE ALL ON FUNCTION tenancy.current_tenant() FROM PUBLIC;\n"
    )
}

const REFUSE: &str = "RAISE EXCEPTION 'no tenant is set in this transaction'\n    \
     USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_no_context',\n    \
     HINT = 'Open it with TenantDb::begin(&scope), which sets the tenant with BEGIN.';\n";

/// The part of a body that refuses to go on without one.
pub(super) fn refuse_no_tenant() -> String {
    format!(
        "-- After a transaction a custom setting reads '', not NULL.\n  \
         IF tenant IS NULL OR tenant = '' THEN\n    {REFUSE}  END IF;\n"
    )
}

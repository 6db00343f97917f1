//! The database as a whole: what everybody may do in it unless it is taken away.

use super::{
    Options,
    ledger::remember_acl,
    roles::{block, block_with},
    template::{names, script},
};
use crate::{Layout, quote_literal};

/// What makes a large object. They belong to no table, so no policy covers them.
const LARGE_OBJECTS: [&str; 5] = [
    "pg_catalog.lo_creat(integer)",
    "pg_catalog.lo_create(oid)",
    "pg_catalog.lo_from_bytea(oid, bytea)",
    "pg_catalog.lo_put(oid, bigint, bytea)",
    "pg_catalog.lowrite(integer, bytea)",
];

/// What shows the statements of other sessions, with the tenant and the token in them.
const ACTIVITY: [&str; 3] = [
    "pg_catalog.pg_stat_get_activity(integer)",
    "pg_catalog.pg_stat_get_backend_activity(integer)",
    "pg_catalog.pg_stat_get_backend_idset()",
];

const SET_CONFIG: &str = "pg_catalog.set_config(text, text, boolean)";

pub(super) fn up(layout: &Layout, options: Options) -> Vec<String> {
    let mut parts = vec![
        "-- Nobody makes temporary tables, which shadow real ones for the next tenant.\n"
            .to_owned()
            + &remember_acl(
                "DATABASE",
                "",
                "SELECT datacl FROM pg_database WHERE datname = current_database()",
            )
            + &block(
                "EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', \
                 current_database());\n  \
                 -- Whoever does not own the database is only warned.\n  \
                 IF EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, \
                 acldefault('d', d.datdba))) a WHERE d.datname = current_database() \
                 AND a.grantee = 0 AND a.privilege_type IN ('TEMPORARY', 'CREATE')) THEN\n    \
                   RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = \
                   'TEMPORARY on the database could not be taken from PUBLIC: \
                    run this as the owner of the database';\n  END IF;",
            ),
        large_objects(),
    ];
    if options.hide_activity {
        parts.push(hide_activity());
    }
    if options.revoke_set_config {
        parts.push(revoke_set_config(layout));
    }
    let roles = layout.roles();
    if !roles.is_single() {
        let logins = [
            Some(roles.login()),
            Some(roles.registry()),
            roles.admin(),
            roles.owner(),
            roles.analytics(),
        ]
        .into_iter()
        .flatten();
        parts.push(block(&format!(
            "EXECUTE (SELECT format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), \
             string_agg(quote_ident(role), ', ')) FROM unnest({}) AS role);",
            names(logins)
        )));
    }
    parts.push(default_privileges(layout));
    parts
}

fn remember_function(function: &str) -> String {
    remember_acl(
        "FUNCTION",
        function,
        &format!(
            "SELECT proacl FROM pg_proc WHERE oid = to_regprocedure({})",
            quote_literal(function)
        ),
    )
}

fn large_objects() -> String {
    let mut sql = String::from(
        "-- Nobody makes large objects, which no policy covers; only a superuser can say so.\n",
    );
    for function in LARGE_OBJECTS {
        sql.push_str(&remember_function(function));
        sql.push_str(&block(&format!(
            "REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC;\n\
             EXCEPTION WHEN insufficient_privilege OR undefined_function THEN NULL;"
        )));
    }
    sql
}

/// Takes PostgreSQL's own functions from everybody, which only a superuser can, and says so.
fn take(function: &str, keep_for: &str, why: &str) -> String {
    let message =
        quote_literal(&format!("{why} wants a superuser: leave it out, or run this as one"));
    remember_function(function)
        + &block(&format!(
            "IF to_regprocedure({literal}) IS NULL THEN RETURN; END IF;\n  \
             IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n    \
               RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = {message};\n  END IF;\n  \
             REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC;\n  \
             GRANT EXECUTE ON FUNCTION {function} TO {keep_for};",
            literal = quote_literal(function)
        ))
}

fn hide_activity() -> String {
    let mut sql = "-- What other sessions run is told to pg_monitor alone.\n".to_owned();
    for function in ACTIVITY {
        sql.push_str(&take(function, "pg_monitor", "hide_activity()"));
    }
    sql
}

fn revoke_set_config(layout: &Layout) -> String {
    let owner =
        layout.roles().owner().map_or_else(|| "CURRENT_USER".to_owned(), crate::quote::quoted);
    "-- SQL that somebody injects cannot say that it is another tenant.\n".to_owned()
        + &take(SET_CONFIG, &owner, "revoke_set_config()")
}

/// What somebody arranged to be granted on every table to come, to everybody or to a role of ours,
/// would open a table that nobody declared.
fn default_privileges(layout: &Layout) -> String {
    let roles = layout.roles();
    // The single role may be the one whose tables they are.
    let ours = if roles.is_single() { Vec::new() } else { roles.all() };
    "-- New tables are granted to nobody by themselves.\n".to_owned()
        + &script(include_str!("sql/default_privileges.sql"), &[("ours", &names(ours))])
}

/// Gives back what [`default_privileges`] took.
pub(super) fn give_back_default_privileges() -> String {
    block_with(
        "was json;",
        "FOR was IN SELECT before::json FROM tenancy.ledger WHERE kind = 'default privileges' ORDER BY id DESC LOOP\n    \
           EXECUTE format('ALTER DEFAULT PRIVILEGES %s GRANT %s ON %s TO %s', \
           was ->> 'of', was ->> 'privileges', was ->> 'on', was ->> 'to');\n  END LOOP;",
    )
}

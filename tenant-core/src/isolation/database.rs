//! The database as a whole: what everybody may do in it unless it is taken away.

use super::{ledger::public_privileges, ledger::remember, roles::block};
use crate::{Layout, quote::quoted, quote_literal};

/// What makes a large object. They belong to no table, so no policy covers them.
const LARGE_OBJECTS: [&str; 5] = [
    "pg_catalog.lo_creat(integer)",
    "pg_catalog.lo_create(oid)",
    "pg_catalog.lo_from_bytea(oid, bytea)",
    "pg_catalog.lo_put(oid, bigint, bytea)",
    "pg_catalog.lowrite(integer, bytea)",
];

pub(super) fn up(layout: &Layout) -> Vec<String> {
    let mut parts = vec![
        "-- Nobody makes temporary tables, which shadow real ones for the next tenant.\n"
            .to_owned()
            + &remember(
                "database",
                "public",
                &public_privileges(
                    "(SELECT coalesce(datacl, acldefault('d', datdba)) FROM pg_database \
                     WHERE datname = current_database())",
                ),
            )
            + &block(
                "EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', \
                 current_database());",
            ),
    ];
    parts.push(large_objects());
    for schema in layout.schema_names() {
        parts.push(schema_up(layout, schema));
    }
    let roles = layout.roles();
    if !roles.is_single() {
        let logins: Vec<String> =
            [Some(roles.login()), Some(roles.registry()), roles.admin(), roles.owner()]
                .into_iter()
                .flatten()
                .map(quote_literal)
                .collect();
        parts.push(block(&format!(
            "EXECUTE (SELECT format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), \
             string_agg(quote_ident(role), ', ')) FROM unnest(ARRAY[{}]) AS role);",
            logins.join(", ")
        )));
    }
    parts
}

fn large_objects() -> String {
    let mut sql = String::from(
        "-- Nobody makes large objects, which no policy covers; only a superuser can say so.\n",
    );
    for function in LARGE_OBJECTS {
        let name = quote_literal(function);
        sql.push_str(&remember(
            "large object",
            function,
            &public_privileges(&format!(
                "(SELECT coalesce(proacl, acldefault('f', proowner)) FROM pg_proc \
                 WHERE oid = to_regprocedure({name}))"
            )),
        ));
        sql.push_str(&block(&format!(
            "REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC;\n\
             EXCEPTION WHEN insufficient_privilege OR undefined_function THEN NULL;"
        )));
    }
    sql
}

fn schema_up(layout: &Layout, schema: &str) -> String {
    let name = quoted(schema);
    let mut sql = format!("CREATE SCHEMA IF NOT EXISTS {name};\n")
        + &remember(
            "schema",
            schema,
            &public_privileges(&format!(
                "(SELECT coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace \
                 WHERE nspname = {})",
                quote_literal(schema)
            )),
        )
        + &format!(
            "-- A database from before PostgreSQL 15 still lets everybody create here.\n\
             REVOKE CREATE ON SCHEMA {name} FROM PUBLIC;\n"
        );
    let roles = layout.roles();
    for role in [roles.tenant(), roles.shared(), roles.admin()].into_iter().flatten() {
        sql.push_str(&format!("GRANT USAGE ON SCHEMA {name} TO {};\n", quoted(role)));
    }
    match roles.owner() {
        Some(owner) => {
            sql.push_str(&format!("GRANT USAGE, CREATE ON SCHEMA {name} TO {};\n", quoted(owner)));
        }
        None => {
            sql.push_str(&format!("GRANT USAGE ON SCHEMA {name} TO {};\n", quoted(roles.login())));
        }
    }
    sql
}

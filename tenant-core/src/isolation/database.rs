//! The database as a whole: what everybody may do in it unless it is taken away.

use std::collections::BTreeSet;

use super::{
    ledger::{public_privileges, remember},
    roles::{block, block_with},
};
use crate::{Layout, quote::quoted, quote_literal};

/// What makes a large object. They belong to no table, so no policy covers them.
const LARGE_OBJECTS: [&str; 5] = [
    "pg_catalog.lo_creat(integer)",
    "pg_catalog.lo_create(oid)",
    "pg_catalog.lo_from_bytea(oid, bytea)",
    "pg_catalog.lo_put(oid, bigint, bytea)",
    "pg_catalog.lowrite(integer, bytea)",
];

pub(super) fn up(layout: &Layout, schemas: &BTreeSet<&str>) -> Vec<String> {
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
                 current_database());\n  \
                 -- Whoever does not own the database is only warned.\n  \
                 IF EXISTS (SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, \
                 acldefault('d', d.datdba))) a WHERE d.datname = current_database() \
                 AND a.grantee = 0 AND a.privilege_type IN ('TEMPORARY', 'CREATE')) THEN\n    \
                   RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = \
                   'TEMPORARY on the database could not be taken from PUBLIC: \
                    run this as the owner of the database';\n  END IF;",
            ),
    ];
    parts.push(large_objects());
    for schema in schemas {
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

/// What everybody may read, the login may: partitions and views, past the policies of the table
/// behind them, and tables that nobody declared. What an extension brings stays as it is.
fn relations(layout: &Layout, schema: &str) -> String {
    let schema = quote_literal(schema);
    let roles = layout.roles();
    let ours: Vec<String> = [Some(roles.login()), roles.tenant(), roles.shared()]
        .into_iter()
        .flatten()
        .filter(|_| !roles.is_single())
        .map(quote_literal)
        .collect();
    let public = |oid: &str| {
        format!(
            "(SELECT string_agg(DISTINCT a.privilege_type, ', ') FROM pg_class r, aclexplode(r.relacl) a \
             WHERE r.oid = {oid} AND a.grantee = 0)"
        )
    };
    let columns = |oid: &str| {
        format!(
            "EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a \
             WHERE t.attrelid = {oid} AND a.grantee = 0)"
        )
    };
    block_with(
        "relation record; role name;",
        &format!(
            "FOR relation IN SELECT c.oid, c.oid::regclass::text AS name, c.relkind, {} AS privileges\n    \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace\n    \
             WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')\n    \
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') LOOP\n    \
               IF relation.privileges IS NOT NULL OR {} THEN\n      \
                 INSERT INTO tenancy.ledger (kind, object, before)\n      \
                 VALUES ('relation', relation.name, relation.privileges)\n      \
                 ON CONFLICT (kind, object) DO NOTHING;\n      \
                 EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', relation.name);\n      \
                 -- Whoever does not own it is only warned.\n      \
                 IF {} IS NOT NULL THEN\n        \
                   RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(\
                   'everybody may use %s, and that could not be taken away: run this as its owner', \
                   relation.name);\n      END IF;\n    END IF;\n    \
               -- A table that is declared no more; those that are get theirs below.\n    \
               IF relation.relkind IN ('r', 'p') THEN\n      \
                 FOREACH role IN ARRAY ARRAY[{}]::name[] LOOP\n        \
                   EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', relation.name, role);\n      \
                 END LOOP;\n    END IF;\n  END LOOP;",
            public("c.oid"),
            columns("relation.oid"),
            public("relation.oid"),
            ours.join(", "),
        ),
    )
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
        )
        + &relations(layout, schema);
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

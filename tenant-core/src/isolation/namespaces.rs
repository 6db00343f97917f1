//! The application's schemas, and what everybody may do with the relations in them.

use super::{
    ledger::{remember, remember_acl, remember_relations},
    relations::regclass,
    template::{names, script},
};
use crate::{Layout, Tenancy, TenantTable, quote::quoted, quote_literal};

pub(super) fn up(layout: &Layout, tenancy: &Tenancy, schema: &str) -> String {
    let (name, literal) = (quoted(schema), quote_literal(schema));
    let mut sql = remember(
        "schema made",
        schema,
        &format!(
            "SELECT NULL::text WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = {literal})"
        ),
    ) + &format!("CREATE SCHEMA IF NOT EXISTS {name};\n")
        + &remember_acl(
            "SCHEMA",
            &name,
            &format!("SELECT nspacl FROM pg_namespace WHERE nspname = {literal}"),
        )
        + &format!(
            "-- A database from before PostgreSQL 15 still lets everybody create here.\n\
             REVOKE CREATE ON SCHEMA {name} FROM PUBLIC;\n"
        )
        + &relations(layout, tenancy, schema);
    let roles = layout.roles();
    if !roles.is_single() {
        let ours = roles.all().into_iter().filter(|role| Some(*role) != roles.owner()).map(quoted);
        let ours: Vec<String> = ours.collect();
        sql.push_str(&format!("REVOKE ALL ON SCHEMA {name} FROM {};\n", ours.join(", ")));
    }
    let users = [roles.tenant(), roles.shared(), roles.admin(), roles.analytics(), roles.staff()];
    for role in users.into_iter().flatten() {
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

/// What everybody may read, the login may: partitions and views, past the policies of the table
/// behind them, and tables that nobody declared. What an extension brings stays as it is.
fn relations(layout: &Layout, tenancy: &Tenancy, schema: &str) -> String {
    let roles = layout.roles();
    let ours = if roles.is_single() { Vec::new() } else { roles.all() };
    // The owner may own tables that are declared no more, and keeps its own rights there.
    let ours = ours.into_iter().filter(|role| Some(*role) != roles.owner());
    let declared: Vec<String> = tenancy
        .tenant_tables()
        .iter()
        .map(TenantTable::table)
        .chain(tenancy.shared_tables())
        .map(regclass)
        .collect();
    let in_schema = format!(
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
         AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
         AND d.objid = c.oid AND d.deptype = 'e')",
        quote_literal(schema)
    );
    remember_relations(&in_schema)
        + &script(
            include_str!("sql/relations.sql"),
            &[
                ("in_schema", &in_schema),
                ("ours", &names(ours)),
                ("declared", &format!("ARRAY[{}]::oid[]", declared.join(", "))),
            ],
        )
}

/// A schema that `up` made goes again, unless somebody put something into it.
pub(super) fn drop_made() -> String {
    super::roles::block_with(
        "was tenancy.ledger;",
        "FOR was IN SELECT * FROM tenancy.ledger WHERE kind = 'schema made' ORDER BY id DESC LOOP\n    \
           BEGIN\n      EXECUTE format('DROP SCHEMA IF EXISTS %I', was.object);\n    \
           EXCEPTION WHEN dependent_objects_still_exist THEN\n      \
             RAISE WARNING 'the schema % is not empty and stays', was.object;\n    END;\n  END LOOP;",
    )
}

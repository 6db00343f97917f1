//! The way back: what the ledger remembers is given back, in reverse order.

use super::{
    roles::block,
    table::{POLICIES, index_name},
};
use crate::{
    Layout, TableName, Tenancy, TenantTable,
    quote::{dollar_quoted, quoted},
    quote_literal,
};

pub(super) fn down(layout: &Layout, tenancy: &Tenancy) -> Vec<String> {
    let mut parts = vec![
        "-- Nothing is lost in silence.\n".to_owned()
            + &block(
                "IF EXISTS (SELECT FROM tenancy.tenants) THEN\n    \
                   RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',\n      \
                   MESSAGE = 'tenancy.tenants still has tenants, which would be lost: \
                   save them elsewhere and delete them, then run this again';\n  END IF;",
            ),
    ];
    for table in tenancy.shared_tables().iter().rev() {
        parts.push(owner_and_grants(layout, table));
    }
    for table in tenancy.tenant_tables().iter().rev() {
        parts.push(tenant_table(table));
        parts.push(owner_and_grants(layout, table.table()));
    }
    parts.push(restore_public());
    parts.push(drop_schema_and_roles(layout));
    parts
}

/// Runs `body` with the ledger's entry of this kind for the table in `was`.
fn with_entry(kind: &str, object: &str, body: &str) -> String {
    format!(
        "DO {};\n",
        dollar_quoted(&format!(
            "\nDECLARE\n  was tenancy.ledger;\nBEGIN\n  \
             SELECT * INTO was FROM tenancy.ledger WHERE kind = {} AND object = {};\n  \
             IF NOT FOUND THEN RETURN; END IF;\n  {body}\nEND\n",
            quote_literal(kind),
            quote_literal(object),
        ))
    )
}

fn tenant_table(table: &TenantTable) -> String {
    let name = table.table();
    let object = name.to_string();
    let column = quoted(table.column());
    let alter = quote_literal(&format!("ALTER TABLE {name} ALTER COLUMN {column} "));
    let mut sql = String::new();
    for policy in POLICIES {
        sql.push_str(&format!("DROP POLICY IF EXISTS {policy} ON {name};\n"));
    }
    sql.push_str(&with_entry(
        "row security",
        &object,
        &format!(
            "IF split_part(was.before, ' ', 1) = 'false' THEN ALTER TABLE {name} DISABLE ROW LEVEL SECURITY; END IF;\n  \
             IF split_part(was.before, ' ', 2) = 'false' THEN ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY; END IF;"
        ),
    ));
    // The index that `up` made lies in the table's schema, which the declaration need not name.
    sql.push_str(&with_entry(
        "index",
        &object,
        &format!(
            "EXECUTE (SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = {}::regclass \
             AND c.relname = {});",
            quote_literal(&object),
            quote_literal(&index_name(table)),
        ),
    ));
    sql.push_str(&with_entry(
        "default",
        &object,
        &format!("EXECUTE {alter} || coalesce('SET DEFAULT ' || was.before, 'DROP DEFAULT');"),
    ));
    sql.push_str(&with_entry(
        "not null",
        &object,
        &format!("IF was.before = 'false' THEN EXECUTE {alter} || 'DROP NOT NULL'; END IF;"),
    ));
    sql.push_str(&with_entry(
        "column",
        &object,
        &format!("ALTER TABLE {name} DROP COLUMN {column};"),
    ));
    sql
}

fn owner_and_grants(layout: &Layout, table: &TableName) -> String {
    let object = table.to_string();
    let roles = layout.roles();
    let ours: Vec<String> =
        [roles.tenant(), roles.shared(), roles.admin()].into_iter().flatten().map(quoted).collect();
    let mut sql = String::new();
    if !ours.is_empty() {
        sql.push_str(&format!("REVOKE ALL ON TABLE {table} FROM {};\n", ours.join(", ")));
    }
    sql.push_str(&with_entry(
        "public grants",
        &object,
        &format!(
            "EXECUTE format('GRANT %s ON TABLE %s TO PUBLIC', was.before, {});",
            quote_literal(&object)
        ),
    ));
    sql.push_str(&with_entry(
        "owner",
        &object,
        &format!(
            "EXECUTE format('ALTER TABLE %s OWNER TO %I', {}, was.before);",
            quote_literal(&object)
        ),
    ));
    sql
}

fn restore_public() -> String {
    format!(
        "DO {};\n",
        dollar_quoted(
            "\nDECLARE\n  was tenancy.ledger;\nBEGIN\n  \
             FOR was IN SELECT * FROM tenancy.ledger ORDER BY id DESC LOOP\n    \
               IF was.kind = 'database' THEN\n      \
                 EXECUTE format('GRANT %s ON DATABASE %I TO PUBLIC', was.before, current_database());\n    \
               ELSIF was.kind = 'schema' THEN\n      \
                 EXECUTE format('GRANT %s ON SCHEMA %I TO PUBLIC', was.before, was.object);\n    \
               ELSIF was.kind = 'sequence' THEN\n      \
                 EXECUTE format('GRANT %s ON SEQUENCE %s TO PUBLIC', was.before, was.object);\n    \
               ELSIF was.kind = 'large object' THEN\n      \
                 BEGIN\n        \
                   EXECUTE format('GRANT %s ON FUNCTION %s TO PUBLIC', was.before, was.object);\n      \
                 EXCEPTION WHEN insufficient_privilege THEN NULL;\n      \
                 END;\n    \
               END IF;\n  END LOOP;\nEND\n"
        )
    )
}

/// Roles may still be used by another database of the server; then they stay.
fn drop_schema_and_roles(layout: &Layout) -> String {
    let roles = layout.roles();
    let names: Vec<String> = [
        Some(roles.login()),
        roles.tenant(),
        roles.shared(),
        Some(roles.registry()),
        roles.admin(),
        roles.owner(),
    ]
    .into_iter()
    .flatten()
    .map(quote_literal)
    .collect();
    format!(
        "DO {};\n",
        dollar_quoted(&format!(
            "\nDECLARE\n  made text[] := (SELECT coalesce(array_agg(object), '{{}}') FROM tenancy.ledger WHERE kind = 'role');\n  \
             role text;\nBEGIN\n  \
             DROP SCHEMA tenancy CASCADE;\n  \
             FOREACH role IN ARRAY ARRAY[{}] LOOP\n    \
               CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role);\n    \
               CONTINUE WHEN NOT role = ANY (made);\n    \
               EXECUTE format('REASSIGN OWNED BY %I TO %I', role, current_user);\n    \
               EXECUTE format('DROP OWNED BY %I', role);\n    \
               BEGIN\n      EXECUTE format('DROP ROLE %I', role);\n    \
               EXCEPTION WHEN dependent_objects_still_exist THEN NULL;\n    \
               END;\n  END LOOP;\nEND\n",
            names.join(", ")
        ))
    )
}

//! The way back: what the ledger remembers is given back, in reverse order.

use super::{
    roles::block,
    seal,
    table::{POLICIES, entry_of, index_name, regclass},
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

/// Policies, row security and our default go; for a table that is a tenant's no more.
pub(super) fn give_back_row_security(name: &TableName) -> String {
    let mut sql = String::new();
    for policy in POLICIES {
        sql.push_str(&format!("DROP POLICY IF EXISTS {policy} ON {name};\n"));
    }
    sql.push_str(&with_entry(
        "row security",
        &name.to_string(),
        &format!(
            "IF split_part(was.before, ' ', 1) = 'false' THEN\n    \
               ALTER TABLE {name} DISABLE ROW LEVEL SECURITY;\n  END IF;\n  \
             IF split_part(was.before, ' ', 2) = 'false' THEN\n    \
               ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY;\n  END IF;\n  \
             EXECUTE coalesce((SELECT string_agg(format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT, \
             ALTER COLUMN %I DROP NOT NULL', {}, a.attname, a.attname), '; ')\n    \
             FROM pg_attribute a JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)\n    \
             WHERE a.attrelid = {} AND pg_get_expr(d.adbin, d.adrelid) = 'tenancy.current_tenant()'), \
             'SELECT 1');\n  \
             DELETE FROM tenancy.ledger WHERE id = was.id;",
            quote_literal(&name.to_string()),
            regclass(name),
        ),
    ));
    sql
}

fn tenant_table(table: &TenantTable) -> String {
    let name = table.table();
    let object = name.to_string();
    let entry = entry_of(table);
    let column = quoted(table.column());
    let alter = quote_literal(&format!("ALTER TABLE {name} ALTER COLUMN {column} "));
    let mut sql = give_back_row_security(name);
    // The index that `up` made lies in the table's schema, which the declaration need not name.
    sql.push_str(&with_entry(
        "index",
        &entry,
        &format!(
            "EXECUTE coalesce((SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = {}::regclass \
             AND c.relname = {}), 'SELECT 1');",
            quote_literal(&object),
            quote_literal(&index_name(table)),
        ),
    ));
    sql.push_str(&with_entry(
        "default",
        &entry,
        &format!("EXECUTE {alter} || coalesce('SET DEFAULT ' || was.before, 'DROP DEFAULT');"),
    ));
    sql.push_str(&with_entry(
        "not null",
        &entry,
        &format!(
            "EXECUTE {alter} || CASE was.before WHEN 'true' THEN 'SET NOT NULL' \
             ELSE 'DROP NOT NULL' END;"
        ),
    ));
    sql.push_str(&with_entry(
        "column",
        &entry,
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
               ELSIF was.kind = 'relation' THEN\n      \
                 IF was.before IS NOT NULL AND to_regclass(was.object) IS NOT NULL THEN\n        \
                   EXECUTE format('GRANT %s ON TABLE %s TO PUBLIC', was.before, was.object);\n      \
                 END IF;\n    \
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
             -- By name, so that what somebody else hung on them is not lost but told.\n  \
             {}\n  \
             DROP FUNCTION tenancy.current_tenant();\n  \
             DROP TABLE tenancy.members, tenancy.tenants, tenancy.ledger;\n  \
             DROP SCHEMA tenancy;\n  \
             FOREACH role IN ARRAY ARRAY[{}] LOOP\n    \
               CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role);\n    \
               CONTINUE WHEN NOT role = ANY (made);\n    \
               -- Only a member may hand on what a role owns.\n    \
               IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n      \
                 EXECUTE format('GRANT %I TO %I', role, current_user);\n    \
               END IF;\n    \
               EXECUTE format('REASSIGN OWNED BY %I TO %I', role, current_user);\n    \
               EXECUTE format('DROP OWNED BY %I', role);\n    \
               BEGIN\n      EXECUTE format('DROP ROLE %I', role);\n    \
               EXCEPTION WHEN dependent_objects_still_exist THEN NULL;\n    \
               END;\n  END LOOP;\nEND\n",
            seal::DOWN,
            names.join(", ")
        ))
    )
}

//! The way back: what the ledger remembers is given back, in reverse order.

use super::{
    backfill::trigger_name,
    citus,
    database::give_back_default_privileges,
    guard::{self, PARAMETER},
    keys, leakproof,
    ledger::give_back_acls,
    move_changes, namespaces, quotas,
    relations::{regclass, tree},
    roles::{block, block_with},
    schema, search,
    table::{entry_of, index_name},
    template::names,
    views,
};
use crate::{
    Layout, TableName, Tenancy, TenantKey, TenantTable,
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
        leakproof::give_back(),
        search::drop_functions(),
        views::give_back(),
        row_security("kind = 'row security'"),
        if layout.is_citus() { citus::down() } else { String::new() },
        keys::give_back(),
        move_changes::down(),
        quotas::rows_of_no_other(&[]),
    ];
    for table in tenancy.tenant_tables().iter().rev() {
        parts.push(tenant_table(table));
    }
    parts.push(earlier_columns());
    parts.push(owners());
    parts.push(give_back_default_privileges());
    parts.push(give_back_acls());
    parts.push(namespaces::drop_made());
    parts.push(drop_schema_and_roles(layout, tenancy.key()));
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

/// Our policies go, and row security is as it was found.
fn row_security(which: &str) -> String {
    block_with(
        "was record;\n  policy name;",
        &format!(
            "FOR was IN SELECT * FROM tenancy.ledger WHERE {which} ORDER BY id DESC LOOP\n    \
               CONTINUE WHEN to_regclass(was.object) IS NULL;\n    \
               FOR policy IN SELECT polname FROM pg_policy WHERE polrelid = to_regclass(was.object)\n      \
               AND starts_with(polname::text, 'tenancy_') LOOP\n      \
                 EXECUTE format('DROP POLICY %I ON %s', policy, was.object);\n    END LOOP;\n    \
               IF split_part(was.before, ' ', 1) = 'false' THEN\n      \
                 EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', was.object);\n    END IF;\n    \
               IF split_part(was.before, ' ', 2) = 'false' THEN\n      \
                 EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', was.object);\n    END IF;\n  END LOOP;"
        ),
    )
}

/// For a table that is a tenant's no more: our policies and our default go, and so does what the
/// ledger knew of them.
pub(super) fn give_back_row_security(table: &TableName) -> String {
    let which = format!(
        "kind = 'row security' AND object IN (SELECT t.relid::text FROM ({}) AS t (relid))",
        tree(table)
    );
    row_security(&which)
        + &block(&format!(
            "IF EXISTS (SELECT FROM tenancy.ledger WHERE {which}) THEN\n    \
               EXECUTE coalesce((SELECT string_agg(format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT, \
             ALTER COLUMN %I DROP NOT NULL', a.attrelid::regclass, a.attname, a.attname), '; ')\n    \
             FROM pg_attribute a JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)\n    \
             WHERE a.attrelid = {} AND pg_get_expr(d.adbin, d.adrelid) = 'tenancy.current_tenant()'), \
             'SELECT 1');\n    \
             DELETE FROM tenancy.ledger WHERE {which};\n  END IF;",
            regclass(table),
        ))
}

fn tenant_table(table: &TenantTable) -> String {
    let name = table.table();
    let entry = entry_of(table);
    let column = quoted(table.column());
    let alter = quote_literal(&format!("ALTER TABLE {name} ALTER COLUMN {column} "));
    // Of a plan that was not run to its end. Children of inheritance have triggers of their own on it.
    let trigger = quoted(&trigger_name(table));
    let mut sql = format!(
        "DROP FUNCTION IF EXISTS tenancy.{trigger}() CASCADE;\n\
         ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {};\n",
        quoted(&super::plan::not_null_name(table))
    );
    // The index that `up` made lies in the table's schema, which the declaration need not name.
    sql.push_str(&with_entry(
        "index",
        &entry,
        &format!(
            "EXECUTE coalesce((SELECT format('DROP INDEX %s', i.indexrelid::regclass) FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = {} \
             AND c.relname = {}), 'SELECT 1');",
            regclass(name),
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
        &format!("ALTER TABLE {name} DROP COLUMN IF EXISTS {column};"),
    ));
    sql.push_str(&block_with(
        "was record;",
        &format!(
            "FOR was IN SELECT l.*, split_part(before, ' ', 1) AS needed, \
             nullif(substr(before, length(split_part(before, ' ', 1)) + 2), '') AS usual\n    \
             FROM tenancy.ledger l JOIN ({}) AS t (relid) \
             ON l.object = format('%s ALTER COLUMN %I', t.relid, {column_name})\n    \
             WHERE l.kind = 'below' AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.relid \
             AND attname = {column_name} AND NOT attisdropped) LOOP\n    \
               EXECUTE format('ALTER TABLE %s %s', was.object, coalesce('SET DEFAULT ' || was.usual, 'DROP DEFAULT'));\n    \
               EXECUTE format('ALTER TABLE %s %s NOT NULL', was.object, \
               CASE was.needed WHEN 't' THEN 'SET' ELSE 'DROP' END);\n  END LOOP;",
            tree(name),
            column_name = quote_literal(table.column()),
        ),
    ));
    sql
}

/// A tenant column of an earlier declaration stays with what it holds, and needs no tenant any more.
fn earlier_columns() -> String {
    block_with(
        "left_over record;",
        "FOR left_over IN SELECT a.attrelid::regclass AS relation, a.attname, c.relispartition\n      \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid\n      \
         JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)\n      \
         WHERE pg_get_expr(d.adbin, d.adrelid) = 'tenancy.current_tenant()'\n      \
         AND EXISTS (SELECT FROM tenancy.ledger l WHERE l.kind = 'row security' \
         AND l.object = a.attrelid::regclass::text)\n      ORDER BY c.relispartition LOOP\n    \
           EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', left_over.relation, left_over.attname);\n    \
           IF NOT left_over.relispartition THEN\n      \
             EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', left_over.relation, left_over.attname);\n    \
           END IF;\n  END LOOP;",
    )
}

fn owners() -> String {
    block_with(
        "was record;",
        "FOR was IN SELECT * FROM tenancy.ledger WHERE kind = 'owner' ORDER BY id DESC LOOP\n    \
           CONTINUE WHEN to_regclass(was.object) IS NULL;\n    \
           EXECUTE format('ALTER TABLE %s OWNER TO %I', was.object, was.before);\n  END LOOP;",
    )
}

/// `REASSIGN OWNED` and `DROP OWNED` reach the server's other databases, too, as far as these are
/// owned or may be connected to; what they take there is given back.
const GIVE_AND_DROP: &str = "elsewhere := ARRAY(\n      \
      SELECT format('ALTER DATABASE %I OWNER TO %I', d.datname, role) FROM pg_database d\n      \
      WHERE d.datname <> current_database() AND pg_get_userbyid(d.datdba) = role\n      \
      UNION ALL\n      \
      SELECT format('GRANT %s ON DATABASE %I TO %I', a.privilege_type, d.datname, role)\n        \
        || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END\n      \
      FROM pg_database d, aclexplode(d.datacl) a\n      \
      WHERE d.datname <> current_database() AND pg_get_userbyid(a.grantee) = role);\n    \
    EXECUTE format('REASSIGN OWNED BY %I TO %I', role, current_user);\n    \
    EXECUTE format('DROP OWNED BY %I', role);\n    \
    FOREACH again IN ARRAY elsewhere LOOP EXECUTE again; END LOOP;";

/// Roles may still be used by another database of the server; then they stay.
fn drop_schema_and_roles(layout: &Layout, key: TenantKey) -> String {
    let roles = layout.roles();
    let all = if roles.is_single() { Vec::new() } else { roles.all() };
    let all = all.into_iter().chain(roles.search());
    let members = match layout.source() {
        crate::TenantSource::Members { .. } => "DROP FUNCTION tenancy.current_tenants();\n  ",
        _ => "",
    };
    format!(
        "DO {};\n",
        dollar_quoted(&format!(
            "\nDECLARE\n  made text[] := (SELECT coalesce(array_agg(object), '{{}}') FROM tenancy.ledger WHERE kind = 'role');\n  \
             role text;\n  guards bool;\n  elsewhere text[];\n  again text;\nBEGIN\n  \
             -- By name, so that what somebody else hung on them is not lost but told.\n  \
             DROP FUNCTION tenancy.current_tenant();\n  {members}\
             DROP TABLE tenancy.members, tenancy.tenants, tenancy.ledger, tenancy.installed;\n  \
             {}\n  \
             DROP SCHEMA tenancy;\n  \
             FOREACH role IN ARRAY {} LOOP\n    \
               CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role);\n    \
               CONTINUE WHEN NOT role = ANY (made);\n    \
               -- Only a member may hand on what a role owns.\n    \
               IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n      \
                 EXECUTE format('GRANT %I TO %I', role, current_user);\n    \
               END IF;\n    \
               guards := EXISTS (SELECT FROM pg_parameter_acl p, aclexplode(p.paracl) a\n      \
                 WHERE p.parname = '{PARAMETER}' AND pg_get_userbyid(a.grantee) = role);\n    \
               IF guards THEN\n      \
                 BEGIN\n        {}\n      \
                 EXCEPTION WHEN insufficient_privilege THEN NULL;\n      END;\n    \
               END IF;\n    \
               {GIVE_AND_DROP}\n    \
               BEGIN\n      EXECUTE format('DROP ROLE %I', role);\n    \
               EXCEPTION WHEN dependent_objects_still_exist THEN\n      \
                 IF guards AND NOT has_parameter_privilege(role, '{PARAMETER}', 'SET') THEN\n        \
                   {guarded}\n      END IF;\n    \
               END;\n  END LOOP;\nEND\n",
            schema::drop_parts(key),
            names(all),
            guard::LOCK,
            guarded = guard::grant_again("role"),
        ))
    )
}

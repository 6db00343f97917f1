//! One table: column, default, index, row security, policies, grants.

use super::{
    down::give_back_row_security,
    ledger::{public_privileges, remember},
    roles::{block, block_with},
};
use crate::{
    Layout, TableName, TenantKey, TenantTable, quote::MAX_IDENTIFIER, quote::quoted, quote_literal,
};

/// The policies that `up` makes on a tenant table, and `down` drops.
pub(super) const POLICIES: [&str; 7] = [
    "tenancy_select",
    "tenancy_insert",
    "tenancy_update",
    "tenancy_delete",
    "tenancy_wall",
    "tenancy_admin",
    "tenancy_owner",
];

/// Never `OR`, `CASE` or a cast on the column: each loses the index. The `SELECT` makes it one
/// evaluation per statement, and keeps a prepared plan from being the first tenant's for everybody.
fn predicate(column: &str) -> String {
    format!("{} = (SELECT tenancy.current_tenant())", quoted(column))
}

pub(super) fn tenant_up(layout: &Layout, key: TenantKey, table: &TenantTable) -> Vec<String> {
    let name = table.table();
    vec![
        format!("-- {}: a tenant's table.\n", one_line(name)) + &column(key, table),
        index(table),
        row_security(layout, table),
        grants(layout, name, true),
    ]
}

pub(super) fn shared_up(layout: &Layout, table: &TableName) -> Vec<String> {
    vec![
        format!("-- {}: a shared table.\n", one_line(table))
            + &give_back_row_security(table)
            + &grants(layout, table, false),
    ]
}

fn one_line(name: &TableName) -> String {
    name.to_string().replace(['\n', '\r'], " ")
}

/// The table's oid, for the catalogue.
pub(super) fn regclass(table: &TableName) -> String {
    format!("{}::regclass", quote_literal(&table.to_string()))
}

/// What the ledger calls a tenant column.
pub(super) fn entry_of(table: &TenantTable) -> String {
    format!("{}.{}", table.table(), quoted(table.column()))
}

fn column(key: TenantKey, table: &TenantTable) -> String {
    let name = table.table();
    let (object, oid) = (name.to_string(), regclass(name));
    let entry = entry_of(table);
    let (column, literal) = (quoted(table.column()), quote_literal(table.column()));
    let attribute_of =
        |a: &str| format!("{a}attrelid = {oid} AND {a}attname = {literal} AND NOT {a}attisdropped");
    let attribute = attribute_of("");
    let wrong = format!(
        "the tenant column {} of {object} must be of type {key}: change its type, or declare the other key in tenancy!",
        table.column()
    );
    let unassigned = format!(
        "{object} has rows that belong to no tenant: ALTER TABLE {object} ADD COLUMN IF NOT EXISTS \
         {column} {key}, set it in every row, then run this again"
    );
    remember(
        "column",
        &entry,
        &format!("SELECT NULL::text WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE {attribute})"),
    ) + &remember(
        "default",
        &entry,
        &format!(
            "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d \
             ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum) WHERE {}",
            attribute_of("a.")
        ),
    ) + &remember(
        "not null",
        &entry,
        &format!("SELECT attnotnull::text FROM pg_attribute WHERE {attribute}"),
    ) + &format!("ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column} {key};\n")
        + &block(&format!(
            "IF NOT EXISTS (SELECT FROM pg_attribute WHERE {attribute} \
             AND atttypid = '{key}'::regtype) THEN\n    \
               RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = {};\n  END IF;\n  \
             -- Where it is NOT NULL already, a policy may hide the rows from this look.\n  \
             IF NOT (SELECT attnotnull FROM pg_attribute WHERE {attribute}) THEN\n    \
               IF EXISTS (SELECT FROM {name} WHERE {column} IS NULL) THEN\n      \
                 RAISE EXCEPTION USING ERRCODE = 'not_null_violation', MESSAGE = {};\n    \
               END IF;\n  END IF;",
            quote_literal(&wrong),
            quote_literal(&unassigned),
        ))
        + &format!(
            "ALTER TABLE {name}\n  ALTER COLUMN {column} SET DEFAULT tenancy.current_tenant(),\n  \
             ALTER COLUMN {column} SET NOT NULL;\n"
        )
}

/// An index led by the tenant, unless there is one.
fn index(table: &TenantTable) -> String {
    let name = table.table();
    let create = format!(
        "CREATE INDEX {} ON {name} ({})",
        quoted(&index_name(table)),
        quoted(table.column())
    );
    let missing = format!(
        "NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
         AND a.attnum = i.indkey[0] WHERE i.indrelid = {} AND a.attname = {} \
         AND i.indisvalid AND i.indpred IS NULL)",
        regclass(name),
        quote_literal(table.column()),
    );
    remember("index", &entry_of(table), &format!("SELECT NULL::text WHERE {missing}"))
        + &block(&format!("IF {missing} THEN\n    {create};\n  END IF;"))
}

/// A name of at most 63 bytes; where table and column have to be cut, their hash keeps two apart.
pub(super) fn index_name(table: &TenantTable) -> String {
    const SUFFIX: &str = "_tenancy_idx";
    let name = format!("{}_{}", table.table().name(), table.column());
    if name.len() + SUFFIX.len() <= MAX_IDENTIFIER {
        return name + SUFFIX;
    }
    // FNV-1a: short, and the same wherever it is computed.
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut end = MAX_IDENTIFIER - SUFFIX.len() - 9;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash:08x}{SUFFIX}", &name[..end])
}

fn row_security(layout: &Layout, table: &TenantTable) -> String {
    let roles = layout.roles();
    let name = table.table();
    let mine = predicate(table.column());
    let tenant = quoted(roles.tenant().unwrap_or(roles.login()));
    let mut sql = remember(
        "row security",
        &name.to_string(),
        &format!(
            "SELECT relrowsecurity::text || ' ' || relforcerowsecurity::text FROM pg_class \
             WHERE oid = {}",
            regclass(name)
        ),
    );
    sql.push_str(&format!(
        "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;\n\
         ALTER TABLE {name} FORCE ROW LEVEL SECURITY;\n"
    ));
    for policy in POLICIES {
        sql.push_str(&format!("DROP POLICY IF EXISTS {policy} ON {name};\n"));
    }
    sql.push_str(&format!(
        "CREATE POLICY tenancy_select ON {name} FOR SELECT TO {tenant}\n  USING ({mine});\n\
         CREATE POLICY tenancy_insert ON {name} FOR INSERT TO {tenant}\n  WITH CHECK ({mine});\n\
         CREATE POLICY tenancy_update ON {name} FOR UPDATE TO {tenant}\n  USING ({mine}) WITH CHECK ({mine});\n\
         CREATE POLICY tenancy_delete ON {name} FOR DELETE TO {tenant}\n  USING ({mine});\n"
    ));
    let walled: Vec<String> = [Some(roles.login()), roles.tenant(), roles.shared()]
        .into_iter()
        .flatten()
        .chain((!roles.is_single()).then(|| roles.registry()))
        .map(quoted)
        .collect();
    sql.push_str(&format!(
        "-- Restrictive, so that a careless second policy cannot widen the first ones.\n\
         CREATE POLICY tenancy_wall ON {name} AS RESTRICTIVE FOR ALL TO {}\n  \
           USING ({mine}) WITH CHECK ({mine});\n",
        walled.join(", ")
    ));
    for (policy, role) in [("tenancy_admin", roles.admin()), ("tenancy_owner", roles.owner())] {
        if let Some(role) = role {
            sql.push_str(&format!(
                "CREATE POLICY {policy} ON {name} FOR ALL TO {}\n  USING (true) WITH CHECK (true);\n",
                quoted(role)
            ));
        }
    }
    sql
}

/// Who may do what with the table and the sequences behind its columns.
fn grants(layout: &Layout, name: &TableName, of_tenants: bool) -> String {
    const ALL: &str = "SELECT, INSERT, UPDATE, DELETE";
    let roles = layout.roles();
    let object = name.to_string();
    let oid = regclass(name);
    let mut sql = remember(
        "public grants",
        &object,
        &public_privileges(&format!("(SELECT relacl FROM pg_class WHERE oid = {oid})")),
    );
    sql.push_str(&format!("REVOKE ALL ON TABLE {name} FROM PUBLIC;\n"));
    if !roles.is_single() {
        // What an earlier arrangement, or somebody careless, gave them.
        let ours: Vec<String> =
            [Some(roles.login()), roles.tenant(), roles.shared(), roles.admin()]
                .into_iter()
                .flatten()
                .chain([roles.registry()])
                .map(quoted)
                .collect();
        sql.push_str(&format!("REVOKE ALL ON TABLE {name} FROM {};\n", ours.join(", ")));
    }
    let mut writers = vec![roles.admin()];
    if of_tenants {
        writers.push(Some(roles.tenant().unwrap_or(roles.login())));
    } else {
        writers.push(Some(roles.shared().unwrap_or(roles.login())));
        if let Some(tenant) = roles.tenant() {
            sql.push_str(&format!("GRANT SELECT ON TABLE {name} TO {};\n", quoted(tenant)));
        }
    }
    let writers: Vec<String> = writers.into_iter().flatten().map(quoted).collect();
    let writers = writers.join(", ");
    sql.push_str(&format!("GRANT {ALL} ON TABLE {name} TO {writers};\n"));
    sql.push_str(&block_with(
        "sequence regclass;",
        &format!(
            "FOR sequence IN SELECT d.objid::regclass FROM pg_depend d JOIN pg_class s \
             ON s.oid = d.objid AND s.relkind = 'S'\n    \
             WHERE d.refobjid = {oid} AND d.deptype = 'a' LOOP\n    \
               INSERT INTO tenancy.ledger (kind, object, before)\n    \
               SELECT 'sequence', sequence::text, found.before FROM ({}) AS found (before)\n    \
               ON CONFLICT (kind, object) DO NOTHING;\n    \
               EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM PUBLIC', sequence);\n    \
               EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', sequence, {});\n  END LOOP;",
            public_privileges("(SELECT relacl FROM pg_class WHERE oid = sequence)"),
            quote_literal(&writers)
        ),
    ));
    if let Some(owner) = roles.owner() {
        sql.push_str(&remember(
            "owner",
            &object,
            &format!("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = {oid}"),
        ));
        sql.push_str(&format!("ALTER TABLE {name} OWNER TO {};\n", quoted(owner)));
    }
    sql
}

//! The schema `tenancy`: the ledger, the function that knows the tenant, and the registry's tables.

use super::{
    audit, current_tenant, export, moves, notify, quotas,
    roles::{block, block_with},
    seal, tenants,
};
use crate::{Layout, TenantKey, quote::quoted, quote_literal};

pub(super) fn up(layout: &Layout, key: TenantKey) -> Vec<String> {
    let owners: Vec<String> = layout.roles().owner().into_iter().map(quote_literal).collect();
    let planted = block(&format!(
        "IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tenancy' AND NOT (\
         pg_get_userbyid(nspowner) = current_user OR \
         pg_get_userbyid(nspowner) = ANY (ARRAY[{}]::name[]))) THEN\n    \
           RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'the schema tenancy is \
           there and somebody else''s: see what it is, then drop it or hand it to this login';\n  \
         END IF;",
        owners.join(", ")
    ));
    let mut parts = vec![
        "-- What somebody planted there would run with the installer's rights.\n".to_owned()
            + &planted,
        "CREATE SCHEMA IF NOT EXISTS tenancy;\n\
         COMMENT ON SCHEMA tenancy IS 'Tenant isolation: functions, registry, ledger';\n\
         REVOKE ALL ON SCHEMA tenancy FROM PUBLIC;\n"
            .to_owned(),
        "-- What was there before, for the way back.\n\
         CREATE TABLE IF NOT EXISTS tenancy.ledger (\n  \
           id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  \
           kind text NOT NULL,\n  object text NOT NULL,\n  before text,\n  \
           UNIQUE (kind, object)\n);\n\
         REVOKE ALL ON tenancy.ledger FROM PUBLIC;\n"
            .to_owned(),
        format!(
            "-- The registry: who the tenants are, and who belongs to them.\n\
             CREATE TABLE IF NOT EXISTS tenancy.tenants (\n  \
               id {key} PRIMARY KEY,\n  slug text NOT NULL UNIQUE CHECK (slug <> ''),\n  \
               name text NOT NULL,\n  \
               status text NOT NULL DEFAULT 'active'\n    \
                 CHECK (status IN ('active', 'suspended', 'maintenance', 'spare', 'deleted')),\n  \
               plan text,\n  epoch bigint NOT NULL DEFAULT 0\n);\n\
             CREATE TABLE IF NOT EXISTS tenancy.members (\n  \
               tenant_id {key} NOT NULL REFERENCES tenancy.tenants (id) ON DELETE CASCADE,\n  \
               user_id text NOT NULL CHECK (user_id <> ''),\n  \
               PRIMARY KEY (tenant_id, user_id)\n);\n\
             REVOKE ALL ON tenancy.tenants, tenancy.members FROM PUBLIC;\n"
        ),
    ];
    parts.push(tenants::up(key));
    parts.push(current_tenant::no_tenant(layout, key));
    if !layout.binding_kind().is_sealed() {
        parts.push(current_tenant::current_tenant(layout, key));
    }
    parts.extend(seal::up(layout, key));
    parts.push(audit::up());
    parts.push(moves::up(key));
    parts.push(quotas::up(key));
    parts.push(notify::up());
    parts.push(export::up());
    parts
}

/// Who may use the schema, once the roles exist.
pub(super) fn grants(layout: &Layout, key: TenantKey) -> Vec<String> {
    let roles = layout.roles();
    let mut sql = format!(
        "GRANT USAGE ON SCHEMA tenancy TO {registry};\n\
         GRANT SELECT ON tenancy.tenants, tenancy.members TO {registry};\n",
        registry = quoted(roles.registry()),
    );
    let callers = [roles.tenant().unwrap_or(roles.login())];
    for role in callers.into_iter().chain(roles.admin()) {
        sql.push_str(&format!(
            "GRANT USAGE ON SCHEMA tenancy TO {role};\n\
             GRANT EXECUTE ON FUNCTION tenancy.current_tenant() TO {role};\n",
            role = quoted(role)
        ));
    }
    if let Some(admin) = roles.admin() {
        sql.push_str(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON tenancy.tenants, tenancy.members TO {};\n",
            quoted(admin)
        ));
    }
    if let Some(owner) = roles.owner() {
        let owner = quoted(owner);
        sql.push_str(&format!(
            "ALTER SCHEMA tenancy OWNER TO {owner};\n\
             ALTER TABLE tenancy.ledger OWNER TO {owner};\n\
             ALTER TABLE tenancy.tenants OWNER TO {owner};\n\
             ALTER TABLE tenancy.members OWNER TO {owner};\n\
             ALTER FUNCTION tenancy.current_tenant() OWNER TO {owner};\n"
        ));
        for table in TABLES.iter().copied().flatten() {
            sql.push_str(&format!("ALTER TABLE {table} OWNER TO {owner};\n"));
        }
        for function in functions(key) {
            sql.push_str(&format!("ALTER FUNCTION {function} OWNER TO {owner};\n"));
        }
    }
    vec![
        revoke_all(layout, key),
        sql,
        seal::grants(layout),
        audit::grants(layout),
        quotas::grants(layout, key),
        tenants::grants(layout),
        moves::grants(layout, key),
        export::grants(layout),
    ]
}

/// What somebody has granted to our roles beside what follows.
fn revoke_all(layout: &Layout, key: TenantKey) -> String {
    let roles: Vec<String> = layout.roles().all().into_iter().map(quote_literal).collect();
    let functions: Vec<String> = functions(key).iter().map(|name| quote_literal(name)).collect();
    block_with(
        "had record;",
        &format!(
            "FOR had IN SELECT DISTINCT c.oid::regclass AS relation, r.rolname\n      \
             FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL,\n      \
             aclexplode(c.relacl || a.attacl) AS x JOIN pg_roles r ON r.oid = x.grantee\n      \
             WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')\n      \
             AND r.oid <> c.relowner AND r.rolname = ANY (ARRAY[{0}]::name[]) LOOP\n    \
               EXECUTE format('REVOKE ALL ON %s FROM %I CASCADE', had.relation, had.rolname);\n  END LOOP;\n  \
             FOR had IN SELECT DISTINCT p.oid::regprocedure AS relation, r.rolname\n      \
             FROM pg_proc p, aclexplode(p.proacl) AS x JOIN pg_roles r ON r.oid = x.grantee\n      \
             WHERE p.oid = ANY (ARRAY[{1}]::regprocedure[]) AND r.oid <> p.proowner AND r.rolname = ANY (ARRAY[{0}]::name[]) LOOP\n    \
               EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %I CASCADE', had.relation, had.rolname);\n  END LOOP;\n  \
             FOR had IN SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) AS x JOIN pg_roles r ON r.oid = x.grantee\n      \
             WHERE n.nspname = 'tenancy' AND x.privilege_type = 'CREATE' AND r.oid <> n.nspowner AND r.rolname = ANY (ARRAY[{0}]::name[]) LOOP\n    \
               EXECUTE format('REVOKE CREATE ON SCHEMA tenancy FROM %I CASCADE', had.rolname);\n  END LOOP;",
            roles.join(", "),
            functions.join(", ")
        ),
    )
}

/// What the parts of the schema bring, beyond registry and ledger.
const TABLES: [&[&str]; 5] =
    [&seal::TABLES, &audit::TABLES, &quotas::TABLES, &tenants::TABLES, &moves::TABLES];

fn functions(key: TenantKey) -> Vec<String> {
    let fixed = seal::FUNCTIONS
        .iter()
        .chain(&current_tenant::FUNCTIONS)
        .chain(&audit::FUNCTIONS)
        .chain(&notify::FUNCTIONS)
        .chain(&tenants::FUNCTIONS)
        .chain(&export::FUNCTIONS)
        .map(ToString::to_string);
    fixed.chain(quotas::functions(key)).chain(moves::functions(key)).collect()
}

/// Whether it is a function that some part of the schema brings.
pub(super) fn is_ours(function: &str) -> bool {
    let name = |signature: &str| signature.split('(').next().map(str::to_owned);
    functions(TenantKey::Text).iter().any(|ours| name(ours) == name(function))
}

/// Whether a difference's object is one of our triggers on the schema's tables, which `up` makes anew.
pub(super) fn is_our_trigger(object: &str) -> bool {
    ["append_only", "tell_change", "tell_truncate", "tombstone"]
        .iter()
        .any(|name| object.strip_prefix(name).is_some_and(|rest| rest.starts_with(" on ")))
}

/// Takes away whatever of it is there.
pub(super) fn drop_parts(key: TenantKey) -> String {
    let tables = TABLES.iter().copied().flatten().map(|name| format!("TABLE IF EXISTS {name}"));
    let functions = functions(key).into_iter().map(|name| format!("FUNCTION IF EXISTS {name}"));
    let drops = tables.chain(functions).map(|what| format!("DROP {what};"));
    drops.collect::<Vec<_>>().join("\n  ")
}

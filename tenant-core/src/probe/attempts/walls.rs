//! The walls around a table: what the shared role, the login and a transaction without a tenant
//! get, and what the grants say where trying would lock.

use super::{
    super::{
        kind::{Kind, never},
        live::Actor,
    },
    on_table,
};

const READ: &str = "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}";
const UPDATE: &str = "UPDATE {table} AS theirs SET {touch} = theirs.{touch} WHERE {row}";
const DELETE: &str = "DELETE FROM {table} AS theirs WHERE {row}";

const SHARED: &str = "A shared handle reaches a tenant's table.";
const LOGIN: &str = "A connection that nobody scoped reaches a tenant's table.";
const NOBODY: &str = "A transaction without a tenant reaches rows.";
const GRANT: &str = "No policy holds this privilege.";

/// Of `tenancy.current_tenant()`, or of a missing grant.
const DENIED: &[&str] = &["42501"];

pub(super) const KINDS: &[Kind] = &[
    on_table("ATK071", "no_tenant_read", "reading as the tenant's role, without a tenant", NOBODY, |t| {
        t.blind(Actor::Nobody, "", READ, DENIED)
    }),
    on_table("ATK072", "no_tenant_read_all", "reading without a filter and without a tenant", NOBODY, |t| {
        t.blind(Actor::Nobody, "", "SELECT theirs.{tc} AS t FROM {table} AS theirs", DENIED)
    }),
    on_table("ATK073", "no_tenant_insert", "inserting without a tenant", NOBODY, |t| {
        t.writes_blind(Actor::Nobody, "{insert_theirs}", DENIED)
    }),
    on_table("ATK074", "no_tenant_update", "updating without a tenant", NOBODY, |t| {
        t.writes_blind(Actor::Nobody, UPDATE, DENIED)
    }),
    on_table("ATK075", "no_tenant_delete", "deleting without a tenant", NOBODY, |t| {
        t.writes_blind(Actor::Nobody, DELETE, DENIED)
    }),
    on_table("ATK076", "shared_read", "reading as the shared role", SHARED, |t| {
        t.barred(Actor::Shared, READ)
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {shared};"),
    on_table("ATK077", "shared_insert", "inserting as the shared role", SHARED, |t| {
        t.barred(Actor::Shared, "{insert_theirs}")
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {shared};"),
    on_table("ATK078", "shared_update", "updating as the shared role", SHARED, |t| {
        t.barred(Actor::Shared, UPDATE)
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {shared};"),
    on_table("ATK079", "shared_delete", "deleting as the shared role", SHARED, |t| {
        t.barred(Actor::Shared, DELETE)
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {shared};"),
    on_table("ATK080", "login_read", "reading as the login, which took no role", LOGIN, |t| {
        t.barred(Actor::Login, READ)
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {login};"),
    on_table("ATK081", "login_insert", "inserting as the login, which took no role", LOGIN, |t| {
        t.barred(Actor::Login, "{insert_theirs}")
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {login};"),
    on_table("ATK082", "login_update", "updating as the login, which took no role", LOGIN, |t| {
        t.barred(Actor::Login, UPDATE)
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {login};"),
    on_table("ATK083", "login_delete", "deleting as the login, which took no role", LOGIN, |t| {
        t.barred(Actor::Login, DELETE)
    })
    .mend("REVOKE ALL ON TABLE {table} FROM {login};"),
    on_table("ATK084", "public_grant", "privileges that everybody has on the table or a column", GRANT, |t| {
        t.catalogue(
            "SELECT count(*), pg_catalog.string_agg(DISTINCT g.privilege_type, ', ') FROM (\
             SELECT x.grantee, x.privilege_type FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) x \
             WHERE c.oid = {oid} UNION ALL SELECT x.grantee, x.privilege_type FROM pg_catalog.pg_attribute a, \
             pg_catalog.aclexplode(a.attacl) x WHERE a.attrelid = {oid}) AS g WHERE g.grantee = 0",
        )
    })
    .mend("REVOKE ALL ON TABLE {table} FROM PUBLIC;"),
    on_table("ATK085", "truncate", "`TRUNCATE`, judged from the grants: trying would lock", GRANT, |t| {
        t.privilege("TRUNCATE")
    })
    .mend("REVOKE TRUNCATE ON TABLE {table} FROM {our_role_names}, PUBLIC;"),
    on_table("ATK086", "trigger_grant", "`TRIGGER`, judged from the grants", GRANT, |t| {
        t.privilege("TRIGGER")
    })
    .mend("REVOKE TRIGGER ON TABLE {table} FROM {our_role_names}, PUBLIC;"),
    on_table("ATK087", "references_grant", "`REFERENCES`, judged from the grants", GRANT, |t| {
        t.privilege("REFERENCES")
    })
    .mend("REVOKE REFERENCES ON TABLE {table} FROM {our_role_names}, PUBLIC;")
    .warning(),
    on_table("ATK088", "grant_option", "handing on a privilege on the table", GRANT, |t| {
        t.catalogue(
            "SELECT count(*), pg_catalog.string_agg(r || ' may grant ' || p, ', ') \
             FROM unnest(ARRAY[{our_roles}]::name[]) r, \
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p \
             WHERE pg_catalog.has_table_privilege(r, {oid}::pg_catalog.oid, p || ' WITH GRANT OPTION')",
        )
    }),
    on_table("ATK089", "copy", "`COPY` from and to the table, which follows the policies only while they are active", GRANT, |t| {
        t.catalogue(
            "SELECT (NOT pg_catalog.row_security_active({oid}::pg_catalog.oid))::int, \
             'row security is not active for the role, so COPY reads and writes every row'",
        )
    })
    .mend("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"),
    on_table("ATK090", "lock_table", "`LOCK TABLE`", GRANT, |_| {
        never("whoever may update a table may lock it: it stops others, and shows nothing")
    }),
    on_table("ATK091", "sequence_set", "setting a sequence behind the table, judged from the grants", "A tenant sets the number that the next tenant's insert takes.", |t| {
        t.sequences("UPDATE")
    })
    .warning(),
    on_table("ATK092", "sequence_read", "reading a sequence behind the table, judged from the grants", "A sequence counts all tenants' rows.", |t| {
        t.sequences("SELECT")
    })
    .warning(),
    on_table("ATK093", "sequence_next", "taking the next number of a sequence", GRANT, |t| {
        if t.table.sequences.is_empty() {
            return never("no sequence is behind the table");
        }
        never("whoever inserts takes numbers, and sees by their gaps how fast all tenants together do")
    }),
    on_table("ATK199", "maintain_grant", "`MAINTAIN` (PostgreSQL 17), judged from the grants", GRANT, |t| {
        if t.place.version < 170_000 {
            return never("this server has no MAINTAIN");
        }
        t.privilege("MAINTAIN")
    })
    .warning(),
];

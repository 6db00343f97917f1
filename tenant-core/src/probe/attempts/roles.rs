//! Becoming somebody else.

use super::{
    super::{
        kind::{Kind, ONE_ROLE, never},
        live::{Actor, execute},
    },
    on_database, on_table,
};

const READ: &str = "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}";
const ROLE: &str = "The application's login becomes a role that sees every tenant.";
const DENIED: &[&str] = &["42501"];

pub(super) const KINDS: &[Kind] = &[
    on_table("ATK111", "reset_role", "`RESET ROLE`, then reading with the own tenant set", ROLE, |t| {
        if t.place.is_single() {
            return never(ONE_ROLE);
        }
        t.blind(Actor::A, &execute("RESET ROLE"), READ, DENIED)
    }),
    on_table("ATK112", "set_role_none", "`SET ROLE none`, then reading", ROLE, |t| {
        if t.place.is_single() {
            return never(ONE_ROLE);
        }
        t.blind(Actor::A, &execute("SET ROLE none"), READ, DENIED)
    }),
    on_table("ATK113", "role_by_function", "`set_config('role', …)`, then reading", ROLE, |t| {
        if t.place.is_single() {
            return never(ONE_ROLE);
        }
        t.blind(Actor::A, &execute("SELECT pg_catalog.set_config('role', 'none', true)"), READ, DENIED)
    }),
    on_table("ATK114", "other_roles", "reading as every role that the login may become", ROLE, |t| t.other_roles()),
    on_database("ATK115", "set_role_owner", "`SET ROLE` to the owner", ROLE, |p| becomes(p, "{owner}")),
    on_database("ATK116", "set_role_admin", "`SET ROLE` to the admin", ROLE, |p| becomes(p, "{admin}")),
    on_database("ATK117", "set_role_registry", "`SET ROLE` to the registry's login", ROLE, |p| becomes(p, "{registry}")),
    on_database("ATK118", "session_authorization", "`SET SESSION AUTHORIZATION` to the owner", ROLE, |p| {
        if p.is_single() {
            return never(ONE_ROLE);
        }
        p.refused(Actor::A, "SET LOCAL SESSION AUTHORIZATION {owner}")
    }),
    on_database("ATK119", "role_attributes", "SUPERUSER, BYPASSRLS, CREATEROLE or REPLICATION on the application's roles", "Such a role is not held by policies, or frees itself of them.", |p| {
        p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(r.rolname || ' has ' || concat_ws(' ', \
             CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, \
             CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END), ', ') \
             FROM pg_catalog.pg_roles r WHERE r.rolname IN ({our_roles}) \
             AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication)",
        )
    })
    .mend("ALTER ROLE {login} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION;"),
    on_database("ATK120", "server_roles", "membership in PostgreSQL's own roles: `pg_read_all_data`, `pg_write_server_files` and the like", "Such a role reads or writes past every grant.", |p| {
        p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(r || ' is a member of ' || g.rolname, ', ') \
             FROM unnest(ARRAY[{our_roles}]::name[]) r, pg_catalog.pg_roles g \
             WHERE g.rolname LIKE 'pg\\_%' AND g.rolname <> 'pg_database_owner' \
             AND pg_catalog.pg_has_role(r, g.oid, 'MEMBER')",
        )
    }),
    on_database("ATK121", "alter_role", "giving the own role `BYPASSRLS`", ROLE, |p| {
        p.refused_to_all("ALTER ROLE {tenant_role} BYPASSRLS")
    }),
    on_database("ATK122", "grant_role", "granting the owner's role to the login", ROLE, |p| {
        if p.is_single() {
            return never(ONE_ROLE);
        }
        p.refused(Actor::A, "GRANT {owner} TO {login}")
    }),
    on_database("ATK123", "create_role", "making a role", ROLE, |p| {
        p.refused_to_all("CREATE ROLE tenancy_probe_role")
    }),
];

fn becomes(p: &super::Place<'_>, role: &str) -> Vec<super::Case> {
    if p.is_single() {
        return never(ONE_ROLE);
    }
    // An installation without that role has nobody to become.
    p.refused_with(Actor::A, &format!("SET LOCAL ROLE {role}"), &["42501", "22023"])
}

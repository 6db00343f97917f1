//! What belongs to no table: files, large objects, other connections, our own schema.

use super::{
    super::{
        judge::Judge,
        kind::{Action, Case, Kind, ONE_ROLE, never},
        live::{Actor, execute},
        place::Place,
    },
    on_database,
};

const FILES: &str = "The server's files hold every tenant's rows.";
const OBJECT: &str = "No policy covers a large object: it is a channel between tenants.";
const OUT: &str = "A connection of the server's own comes back with other rights.";
const OTHERS: &str = "The statements of other connections carry other tenants' values.";
const OURS: &str = "The registry says who the tenants are and who belongs to them.";

pub(super) const KINDS: &[Kind] = &[
    on_database("ATK170", "read_file", "`pg_read_file`", FILES, |p| {
        p.refused_to_all("SELECT pg_catalog.length(pg_catalog.pg_read_file('PG_VERSION'))")
    }),
    on_database("ATK171", "read_binary_file", "`pg_read_binary_file`", FILES, |p| {
        p.refused_to_all("SELECT pg_catalog.length(pg_catalog.pg_read_binary_file('PG_VERSION'))")
    }),
    on_database("ATK172", "list_directory", "`pg_ls_dir`", FILES, |p| {
        p.refused_to_all("SELECT count(*) FROM pg_catalog.pg_ls_dir('.')")
    }),
    on_database(
        "ATK173",
        "copy_to_program",
        "`COPY … TO PROGRAM` and to a file, judged from memberships",
        FILES,
        |p| {
            p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(r || ' is ' || g, ', ') FROM unnest(ARRAY[{our_roles}]::name[]) r, \
             unnest(ARRAY['pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files']::name[]) g \
             WHERE pg_catalog.pg_has_role(r, g, 'MEMBER')",
        )
        },
    ),
    on_database("ATK174", "large_object_from_bytes", "`lo_from_bytea`", OBJECT, |p| {
        p.refused_to_all("SELECT pg_catalog.lo_from_bytea(0, 'x')")
    })
    .warning(),
    on_database("ATK175", "large_object_create", "`lo_create` and `lo_creat`", OBJECT, |p| {
        let mut cases = p.refused_to_all("SELECT pg_catalog.lo_create(0)");
        cases.extend(p.refused_to_all("SELECT pg_catalog.lo_creat(-1)"));
        cases
    })
    .warning(),
    on_database("ATK176", "large_object_import", "`lo_import`", FILES, |p| {
        p.refused_to_all("SELECT pg_catalog.lo_import('PG_VERSION')")
    }),
    on_database(
        "ATK177",
        "large_objects_of_others",
        "large objects that are there, judged from the catalogue",
        OBJECT,
        |p| {
            p.catalogue(
            "SELECT count(*), count(*) || ' large objects can be read' FROM pg_catalog.pg_largeobject_metadata m \
             WHERE pg_catalog.pg_has_role(current_user, m.lomowner, 'USAGE') OR EXISTS (\
             SELECT FROM pg_catalog.aclexplode(m.lomacl) x WHERE x.privilege_type = 'SELECT' \
             AND (x.grantee = 0 OR pg_catalog.pg_has_role(current_user, x.grantee, 'USAGE')))",
        )
        },
    ),
    on_database("ATK178", "large_object_pages", "reading `pg_largeobject`", OBJECT, |p| {
        p.refused_to_all("SELECT count(*) FROM pg_catalog.pg_largeobject")
    }),
    on_database(
        "ATK179",
        "statistic_pages",
        "reading `pg_statistic`: most common values of every column",
        "It holds values of every tenant.",
        |p| p.refused_to_all("SELECT count(*) FROM pg_catalog.pg_statistic"),
    ),
    on_database(
        "ATK180",
        "extended_statistic_pages",
        "reading `pg_statistic_ext_data`",
        "It holds values of every tenant.",
        |p| p.refused_to_all("SELECT count(*) FROM pg_catalog.pg_statistic_ext_data"),
    ),
    on_database("ATK181", "dblink", "`dblink` and `postgres_fdw`: a second connection", OUT, |p| {
        p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(q.what, ', ') FROM (SELECT DISTINCT f.proname::text AS what \
             FROM pg_catalog.pg_proc f WHERE f.proname ~ '^dblink' AND \
             pg_catalog.has_function_privilege(current_user, f.oid, 'EXECUTE') AND \
             pg_catalog.has_schema_privilege(current_user, f.pronamespace, 'USAGE') \
             UNION ALL SELECT 'server ' || s.srvname FROM pg_catalog.pg_foreign_server s \
             WHERE pg_catalog.has_server_privilege(current_user, s.oid, 'USAGE')) AS q",
        )
    }),
    on_database(
        "ATK183",
        "page_inspection",
        "extensions that read pages past every policy: `pageinspect`, `pgstattuple`, `pg_visibility`",
        FILES,
        |p| {
            p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(DISTINCT f.proname::text, ', ') FROM pg_catalog.pg_proc f \
             WHERE f.proname IN ('get_raw_page', 'pg_visibility_map', 'pgstattuple') \
             AND pg_catalog.has_function_privilege(current_user, f.oid, 'EXECUTE') \
             AND pg_catalog.has_schema_privilege(current_user, f.pronamespace, 'USAGE')",
        )
        },
    ),
    on_database(
        "ATK184",
        "activity_of_others",
        "the statements of other connections in `pg_stat_activity`, judged from memberships",
        OTHERS,
        |p| {
            if p.is_single() {
                return never(
                    "the layout has one role for everything: it sees the statements of its own connections",
                );
            }
            p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(current_user || ' sees those of ' || g.rolname, ', ') \
             FROM pg_catalog.pg_roles g WHERE (g.rolname = session_user OR g.rolname IN ('pg_read_all_stats', 'pg_monitor')) \
             AND pg_catalog.pg_has_role(current_user, g.oid, 'USAGE')",
        )
        },
    ),
    on_database("ATK185", "activity_as_login", "the same after `RESET ROLE`", OTHERS, |_| {
        never("a login sees the statements of its own connections; PostgreSQL cannot refuse that")
    }),
    on_database("ATK186", "statements_of_others", "`pg_stat_statements`", OTHERS, |p| {
        p.catalogue(
            "SELECT count(*), 'its reset, or everybody''s statements' FROM pg_catalog.pg_proc f \
             WHERE f.proname = 'pg_stat_statements_reset' \
             AND pg_catalog.has_function_privilege(current_user, f.oid, 'EXECUTE')",
        )
    })
    .warning(),
    on_database(
        "ATK187",
        "replication",
        "a replication slot, which streams every row; judged from attributes",
        FILES,
        |p| {
            p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(r.rolname::text, ', ') FROM pg_catalog.pg_roles r \
             WHERE r.rolname IN ({our_roles}) AND (r.rolreplication OR r.rolsuper)",
        )
        },
    ),
    on_database("ATK188", "notify", "`LISTEN` and `NOTIFY`", OTHERS, |_| {
        never(
            "a channel belongs to the database, and PostgreSQL knows no right to it: put no tenant's data into a payload",
        )
    }),
    on_database("ATK189", "advisory_locks", "advisory locks", OTHERS, |_| {
        never(
            "advisory locks belong to the database: they tell that somebody works, and can stop others",
        )
    }),
    on_database(
        "ATK190",
        "our_tables_read",
        "reading every table of the schema `tenancy` as the tenant's role",
        OURS,
        |p| ours(p, Actor::A),
    ),
    on_database("ATK191", "our_tables_read_shared", "the same as the shared role", OURS, |p| {
        ours(p, Actor::Shared)
    }),
    on_database("ATK192", "our_tables_read_login", "the same as the login", OURS, |p| {
        ours(p, Actor::Login)
    }),
    on_database("ATK193", "our_members_write", "entering a member into the registry", OURS, |p| {
        p.refused(
            Actor::A,
            "INSERT INTO tenancy.members SELECT m.* FROM tenancy.members m WHERE false",
        )
    }),
    on_database("ATK194", "our_tenants_write", "changing the registry's tenants", OURS, |p| {
        p.refused(Actor::A, "UPDATE tenancy.tenants SET name = name WHERE false")
    }),
    on_database(
        "ATK195",
        "our_ledger_write",
        "changing the ledger, which says what the way back gives",
        OURS,
        |p| p.refused(Actor::A, "DELETE FROM tenancy.ledger WHERE false"),
    ),
    on_database(
        "ATK196",
        "server_settings",
        "`ALTER SYSTEM` and `ALTER DATABASE`, judged from rights",
        FILES,
        |p| {
            p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(r || ' owns the database', ', ') \
             FROM unnest(ARRAY[{our_roles}]::name[]) r, pg_catalog.pg_database d \
             WHERE d.datname = pg_catalog.current_database() AND pg_catalog.pg_has_role(r, d.datdba, 'MEMBER')",
        )
        },
    ),
    on_database(
        "ATK197",
        "stop_others",
        "ending other connections, judged from memberships",
        "It stops other tenants, and loses what they were doing.",
        |p| {
            if p.is_single() {
                return never(ONE_ROLE);
            }
            p.catalogue(
            "SELECT count(*), pg_catalog.string_agg(current_user || ' may end those of ' || g.rolname, ', ') \
             FROM pg_catalog.pg_roles g WHERE (g.rolname = session_user OR g.rolname = 'pg_signal_backend') \
             AND pg_catalog.pg_has_role(current_user, g.oid, 'USAGE')",
        )
        },
    ),
];

/// Each of our tables must be refused.
fn ours(p: &Place<'_>, actor: Actor) -> Vec<Case> {
    if p.is_single() {
        return never(ONE_ROLE);
    }
    let cases: Vec<Case> = p
        .ours
        .iter()
        .map(|table| {
            let body = format!(
                "stage := 'attack';\n{}",
                execute(&format!("SELECT count(*) FROM (SELECT FROM {table} LIMIT 1) AS q"))
            );
            let action = Action::Run { actor, body, judge: Judge::Refused(&["42501"]) };
            Case { object: Some(format!("table {table}")), action }
        })
        .collect();
    if cases.is_empty() { never("there is no schema tenancy") } else { cases }
}

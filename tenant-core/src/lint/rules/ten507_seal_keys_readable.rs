use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN507",
    name: "seal_keys_readable",
    severity: Severity::Error,
    startup: true,
    finds: "Keys of the seal that a role of the application may read or write.",
    why: "Whoever has the key can sign any tenant, and the fourth wall is gone.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: r"
        WITH RECURSIVE key_table AS (
          SELECT oid, label, object FROM relation
          WHERE nspname = 'tenancy' AND kind IN ('r', 'p') AND label ~ '^tenancy\.[a-z_]*keys?$'
        ),
        -- A view runs with its owner's rights, and a materialised one holds what it has read.
        shown (oid) AS (
          SELECT w.ev_class FROM key_table k JOIN pg_depend d ON d.refobjid = k.oid
            AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
          JOIN pg_rewrite w ON w.oid = d.objid WHERE w.ev_class <> k.oid
          UNION
          SELECT w.ev_class FROM shown s JOIN pg_depend d ON d.refobjid = s.oid
            AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
          JOIN pg_rewrite w ON w.oid = d.objid WHERE w.ev_class <> s.oid
        )
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', '),
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name), ' ')
        FROM (SELECT relid, object, label, grantee_name, privilege, nspname FROM relation_grant
              UNION ALL
              SELECT c.relid, c.object, c.label, c.grantee_name, c.privilege, 'tenancy' FROM column_grant c
              WHERE c.label LIKE 'tenancy.%') g
        WHERE g.nspname = 'tenancy' AND g.label ~ '^tenancy\.[a-z_]*keys?$'
          OR g.relid IN (SELECT oid FROM shown)
        GROUP BY g.relid, g.object
        UNION ALL
        -- Without a grant on the table: `pg_read_all_data` and the like.
        SELECT 'pg_class'::regclass, k.oid, k.object,
               string_agg(DISTINCT format('%s may read it by what it is a member of', a.name), ', '), NULL
        FROM key_table k JOIN app_role a ON has_any_column_privilege(a.oid, k.oid, 'SELECT')
        WHERE NOT EXISTS (SELECT FROM relation_grant r WHERE r.relid = k.oid AND r.grantee IN (a.oid, 0))
          AND NOT EXISTS (SELECT FROM column_grant c WHERE c.relid = k.oid AND c.grantee IN (a.oid, 0))
          AND NOT pg_has_role(a.oid, (SELECT relowner FROM pg_class WHERE oid = k.oid), 'USAGE')
        GROUP BY k.oid, k.object",
    example: Example {
        object: "table tenancy.seal_keys",
        triggers: "
        CREATE TABLE IF NOT EXISTS tenancy.seal_keys (id int);
        GRANT SELECT ON tenancy.seal_keys TO {prefix}_registry;",
        clean: "CREATE TABLE IF NOT EXISTS tenancy.seal_keys (id int);",
    },
};

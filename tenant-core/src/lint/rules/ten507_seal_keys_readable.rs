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
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', '),
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name), ' ')
        FROM (SELECT relid, object, label, grantee_name, privilege, nspname FROM relation_grant
              UNION ALL
              SELECT c.relid, c.object, c.label, c.grantee_name, c.privilege, 'tenancy' FROM column_grant c
              WHERE c.label LIKE 'tenancy.%') g
        WHERE g.nspname = 'tenancy' AND g.label ~ '^tenancy\.[a-z_]*keys?$'
        GROUP BY g.relid, g.object",
    example: Example {
        object: "table tenancy.seal_keys",
        triggers: "
        CREATE TABLE IF NOT EXISTS tenancy.seal_keys (id int);
        GRANT SELECT ON tenancy.seal_keys TO {prefix}_registry;",
        clean: "CREATE TABLE IF NOT EXISTS tenancy.seal_keys (id int);",
    },
};

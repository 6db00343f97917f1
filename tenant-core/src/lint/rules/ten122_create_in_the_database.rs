use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN122",
    name: "create_in_the_database",
    severity: Severity::Warning,
    startup: false,
    finds: "A database in which the application may make schemas.",
    why: "In a schema of its own the application can make functions and tables that others \
            then call.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_database'::regclass, d.oid, 'database ' || quote_ident(d.datname),
               string_agg(g.name, ', ' ORDER BY g.name) || ' may make schemas',
               format('REVOKE CREATE ON DATABASE %I FROM %s;', d.datname, string_agg(g.name, ', '))
        FROM pg_database d
        CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        JOIN grantee g ON g.oid = a.grantee
        WHERE d.datname = current_database() AND a.privilege_type = 'CREATE'
          AND a.grantee <> d.datdba
        GROUP BY d.oid, d.datname",
    example: Example {
        object: "database {prefix}",
        triggers: "GRANT CREATE ON DATABASE {prefix} TO {prefix}_tenant;",
        clean: "GRANT CREATE ON DATABASE {prefix} TO {prefix}_owner;",
    },
};

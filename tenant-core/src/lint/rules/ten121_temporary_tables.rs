use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN121",
    name: "temporary_tables",
    severity: Severity::Warning,
    startup: false,
    finds: "A database in which the application may make temporary tables.",
    why: "A temporary table of the same name takes what the next tenant on the connection writes.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_database'::regclass, d.oid, 'database ' || quote_ident(d.datname),
               string_agg(g.name, ', ' ORDER BY g.name) || ' may make temporary tables',
               format('REVOKE TEMPORARY ON DATABASE %I FROM %s;', d.datname, string_agg(g.name, ', '))
        FROM pg_database d
        CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        JOIN grantee g ON g.oid = a.grantee
        WHERE d.datname = current_database() AND a.privilege_type = 'TEMPORARY'
          AND a.grantee <> d.datdba
        GROUP BY d.oid, d.datname",
    example: Example {
        object: "database {prefix}",
        triggers: "GRANT TEMPORARY ON DATABASE {prefix} TO PUBLIC;",
        clean: "GRANT TEMPORARY ON DATABASE {prefix} TO {prefix}_owner;",
    },
};

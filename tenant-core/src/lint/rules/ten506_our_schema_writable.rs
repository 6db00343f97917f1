use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN506",
    name: "our_schema_writable",
    severity: Severity::Error,
    startup: true,
    finds: "A schema tenancy in which the application may create.",
    why: "What is planted there is called by name from policies, and by whoever installs next.",
    source: "https://www.postgresql.org/docs/current/ddl-schemas.html",
    query: "
        SELECT 'pg_namespace'::regclass, g.oid, 'schema tenancy',
               string_agg(g.grantee_name, ', ' ORDER BY g.grantee_name) || ' may create in it',
               format('REVOKE CREATE ON SCHEMA tenancy FROM %s;', string_agg(g.grantee_name, ', '))
        FROM schema_grant g WHERE g.nspname = 'tenancy' AND g.privilege = 'CREATE'
        GROUP BY g.oid",
    example: Example {
        object: "schema tenancy",
        triggers: "GRANT CREATE ON SCHEMA tenancy TO {prefix}_tenant;",
        clean: "GRANT USAGE ON SCHEMA tenancy TO {prefix}_shared;",
    },
};

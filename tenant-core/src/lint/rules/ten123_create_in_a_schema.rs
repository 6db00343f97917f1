use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN123",
    name: "create_in_a_schema",
    severity: Severity::Warning,
    startup: false,
    finds: "A schema of the application in which the application itself may create.",
    why: "A planted function or table stands in the way of the real one for every tenant.",
    source: "https://www.postgresql.org/docs/current/ddl-schemas.html",
    query: "
        SELECT 'pg_namespace'::regclass, g.oid, 'schema ' || quote_ident(g.nspname),
               string_agg(g.grantee_name, ', ' ORDER BY g.grantee_name) || ' may create in it',
               format('REVOKE CREATE ON SCHEMA %I FROM %s;', g.nspname, string_agg(g.grantee_name, ', '))
        FROM schema_grant g JOIN app_schema s ON s.oid = g.oid
        WHERE g.privilege = 'CREATE'
        GROUP BY g.oid, g.nspname",
    example: Example {
        object: "schema public",
        triggers: "GRANT CREATE ON SCHEMA public TO PUBLIC;",
        clean: "GRANT CREATE ON SCHEMA public TO {prefix}_owner;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN106",
    name: "application_makes_roles",
    severity: Severity::Warning,
    startup: false,
    finds: "A role of the application that may make roles or databases, or replicate.",
    why: "Before PostgreSQL 16 CREATEROLE makes itself a member of nearly any role, and \
            REPLICATION reads every table's rows.",
    source: "https://www.postgresql.org/docs/current/role-attributes.html",
    query: "
        SELECT 'pg_authid'::regclass, r.oid, 'role ' || r.label,
               'it has ' || concat_ws(', ', CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                 CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
                 CASE WHEN r.rolreplication THEN 'REPLICATION' END),
               format('ALTER ROLE %I NOCREATEROLE NOCREATEDB NOREPLICATION;', r.name)
        FROM our_role r
        WHERE r.kind NOT IN ('admin', 'owner') AND NOT r.rolsuper
          AND (r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)",
    example: Example {
        object: "role {prefix}_login",
        triggers: "ALTER ROLE {prefix}_login CREATEROLE;",
        clean: "ALTER ROLE {prefix}_owner CREATEROLE;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN102",
    name: "application_is_superuser",
    severity: Severity::Error,
    startup: true,
    finds: "A role of the application that is a superuser.",
    why: "No grant, no policy and no FORCE holds a superuser.",
    source: "https://www.postgresql.org/docs/current/role-attributes.html",
    query: "
        SELECT 'pg_authid'::regclass, r.oid, 'role ' || r.label, 'it is a superuser',
               format('ALTER ROLE %I NOSUPERUSER;', r.name)
        FROM our_role r WHERE r.rolsuper AND r.kind NOT IN ('admin', 'owner')",
    example: Example {
        object: "role {prefix}_tenant",
        triggers: "ALTER ROLE {prefix}_tenant SUPERUSER;",
        clean: "CREATE ROLE {prefix}_dba SUPERUSER;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN103",
    name: "application_bypasses_row_security",
    severity: Severity::Error,
    startup: true,
    finds: "A role of the application that has BYPASSRLS.",
    why: "With BYPASSRLS no policy of any table is asked.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_authid'::regclass, r.oid, 'role ' || r.label, 'it bypasses row security',
               format('ALTER ROLE %I NOBYPASSRLS;', r.name)
        FROM our_role r
        WHERE r.rolbypassrls AND NOT r.rolsuper AND r.kind NOT IN ('admin', 'owner', 'search')",
    example: Example {
        object: "role {prefix}_tenant",
        triggers: "ALTER ROLE {prefix}_tenant BYPASSRLS;",
        clean: "ALTER ROLE {prefix}_admin BYPASSRLS;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN002",
    name: "row_security_not_forced",
    severity: Severity::Error,
    startup: true,
    finds: "A tenant table whose owner is not held by its policies.",
    why: "Without FORCE the owner, and every view and function that runs with its rights, sees \
            every tenant's rows.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               'row security is on, but not forced upon its owner ' || t.owner::regrole,
               format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', t.label)
        FROM tenant_table t WHERE t.secured AND NOT t.forced",
    example: Example {
        object: "table public.invoices",
        triggers: "ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;",
        clean: "ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    },
};

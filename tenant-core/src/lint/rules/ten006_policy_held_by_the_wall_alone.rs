use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN006",
    name: "policy_held_by_the_wall_alone",
    severity: Severity::Warning,
    startup: false,
    finds: "A permissive policy for the application that does not compare the tenant, and is \
            held by a restrictive one.",
    why: "The restrictive policy is then the only one that keeps tenants apart.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: "
        SELECT 'pg_policy'::regclass, l.oid, l.object,
               'it lets rows in without comparing ' || quote_ident(l.col)
                 || '; a restrictive policy holds it',
               l.mend
        FROM loose l
        WHERE NOT l.unwalled AND NOT l.always AND (l.cmd = 'a' OR NOT l.reads_tested)",
    example: Example {
        object: "policy careless on public.invoices",
        triggers: "CREATE POLICY careless ON invoices FOR SELECT TO {prefix}_tenant USING (total > 0);",
        clean: "CREATE POLICY careful ON invoices AS RESTRICTIVE FOR SELECT TO {prefix}_tenant USING (total > 0);",
    },
};

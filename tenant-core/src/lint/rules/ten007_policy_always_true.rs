use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN007",
    name: "policy_always_true",
    severity: Severity::Warning,
    startup: false,
    finds: "A permissive policy for the application that is always true, and is held by a \
            restrictive one.",
    why: "A policy that says true is no policy, and hides that the restrictive one stands alone.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0024_permissive_rls_policy",
    query: "
        SELECT 'pg_policy'::regclass, l.oid, l.object,
               'it is true for every row; a restrictive policy holds it', l.mend
        FROM loose l
        WHERE NOT l.unwalled AND l.always",
    example: Example {
        object: "policy tenancy_delete on public.invoices",
        triggers: "ALTER POLICY tenancy_delete ON invoices USING (true);",
        clean: "CREATE POLICY staff ON invoices FOR ALL TO {prefix}_admin USING (true) WITH CHECK (true);",
    },
};

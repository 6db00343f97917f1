use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN012",
    name: "policy_evaluated_per_row",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that calls a function for every row, instead of once in a scalar sub-select.",
    why: "A bare call is made once per row and costs 2 to 5 times on large scans; a sub-select \
            is one evaluation, and keeps a prepared plan from being the first tenant's.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0003_auth_rls_initplan",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               format('it calls %s() for every row: write (SELECT %1$s())',
                 (regexp_match(p.outlines, m.calls))[1]),
               p.mend
        FROM policy p JOIN layout l ON NOT l.citus,
             (VALUES ('((?:[a-z_0-9]+\.)?current_tenant|current_setting|auth\.[a-z_]+|[a-z_0-9]+\.[a-z_0-9]+(?=\[\]))\[')) m (calls)
        WHERE p.ours AND p.outlines ~ m.calls",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "ALTER POLICY tenancy_select ON invoices USING (tenant_id = tenancy.current_tenant());",
        clean: "ALTER POLICY tenancy_select ON invoices USING ((SELECT tenancy.current_tenant()) = tenant_id);",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN010",
    name: "check_differs_from_using",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that compares the tenant when it reads, but not when it writes.",
    why: "Such a policy lets a tenant give its rows to another one, or plant rows there.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'USING compares ' || quote_ident(p.col) || ', WITH CHECK does not', p.mend
        FROM policy p
        WHERE p.ours AND p.cmd IN ('w', '*') AND p.qual IS NOT NULL AND p.reads_tested
          AND NOT p.writes_tested
          AND NOT EXISTS (SELECT FROM loose l WHERE l.oid = p.oid AND l.unwalled)",
    example: Example {
        object: "policy tenancy_update on public.invoices",
        triggers: "ALTER POLICY tenancy_update ON invoices WITH CHECK (total >= 0);",
        clean: "
        ALTER POLICY tenancy_update ON invoices
          WITH CHECK (tenant_id = (SELECT tenancy.current_tenant()) AND total >= 0);",
    },
};

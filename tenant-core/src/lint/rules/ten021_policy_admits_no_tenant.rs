use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN021",
    name: "policy_admits_no_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that lets in rows without a tenant.",
    why: "What belongs to no tenant is then seen, and changed, by all of them.",
    source: "https://www.postgresql.org/docs/current/functions-comparison.html",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it lets in rows whose ' || quote_ident(p.col) || ' is NULL', p.mend
        FROM policy p
        WHERE p.ours AND p.outlines ~ ('(^|[^[:alnum:]_.])'
          || p.me
          || ' IS (NULL|DISTINCT FROM|NOT DISTINCT FROM)')
          AND NOT EXISTS (SELECT FROM loose l WHERE l.oid = p.oid AND l.unwalled)",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()) OR tenant_id IS NULL);",
        clean: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()) AND project_id IS NULL);",
    },
};

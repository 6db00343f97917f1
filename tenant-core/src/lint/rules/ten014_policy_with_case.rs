use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN014",
    name: "policy_with_case",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that wraps the comparison of the tenant in CASE or COALESCE.",
    why: "A branch that does not compare the tenant lets other tenants' rows in, and no index \
            is used in any.",
    source: "https://www.postgresql.org/docs/current/rules-privileges.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'the tenant is compared inside of ' || (regexp_match(p.outlines, '\m(CASE|COALESCE)\M'))[1],
               p.mend
        FROM policy p WHERE p.ours AND p.outlines ~ '\m(CASE|COALESCE)\M'
          AND NOT EXISTS (SELECT FROM loose l WHERE l.oid = p.oid)",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        ALTER POLICY tenancy_select ON invoices USING (CASE WHEN total = 0 THEN true
          ELSE tenant_id = (SELECT tenancy.current_tenant()) END);",
        clean: "
        ALTER POLICY tenancy_select ON invoices USING (tenant_id =
          (SELECT CASE WHEN true THEN tenancy.current_tenant() END));",
    },
};

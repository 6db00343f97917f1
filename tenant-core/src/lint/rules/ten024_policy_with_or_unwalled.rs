use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN024",
    name: "policy_with_or_unwalled",
    severity: Severity::Error,
    startup: false,
    finds: "A permissive policy that joins the comparison of the tenant with something else, \
            with no restrictive policy behind it.",
    why: "Whatever stands beside the comparison shows rows of other tenants today, and nothing \
            else holds them.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it lets a row in that is the tenant''s or something else, and no restrictive policy '
                 'stands behind it', p.mend
        FROM policy p
        WHERE p.permissive AND p.ours AND p.reads_tested AND p.writes_tested
          AND p.outlines ~ '\m(OR|CASE|COALESCE)\M' AND NOT (p.reads_held AND p.writes_held)
          AND EXISTS (SELECT FROM gap g WHERE g.relid = p.relid AND p.cmd IN ('*', g.cmd)
            AND (g.role = ANY (p.roles) OR 0::oid = ANY (p.roles)))",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        -- also TEN008, TEN013
        DROP POLICY tenancy_wall ON invoices;
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()) OR total = 0);",
        clean: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()) OR total = 0);",
    },
};

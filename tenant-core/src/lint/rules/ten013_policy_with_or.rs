use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN013",
    name: "policy_with_or",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that joins the comparison of the tenant with something else by OR.",
    why: "Whatever stands behind the OR lets other tenants' rows in, and the index on the \
            tenant is lost.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it lets a row in that is the tenant''s OR something else', p.mend
        FROM policy p WHERE p.ours AND p.outlines ~ '\mOR\M' AND p.text !~ '''[^'']*(admin|staff|superuser|bypass|support)[^'']*'''
          AND p.outlines !~ 'IS NULL|DISTINCT FROM'
          AND NOT EXISTS (SELECT FROM loose l WHERE l.oid = p.oid)",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()) OR total = 0);",
        clean: "
        ALTER POLICY tenancy_select ON invoices USING (tenant_id IN
          (SELECT p.tenant_id FROM projects p WHERE p.name = 'x' OR p.name = 'y')
          AND total > 0 AND tenant_id = (SELECT tenancy.current_tenant()));",
    },
};

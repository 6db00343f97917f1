use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN015",
    name: "policy_casts_the_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that casts the tenant column.",
    why: "An index on the column does not serve a comparison of its cast, so every query reads \
            the whole table.",
    source: "https://www.postgresql.org/docs/current/indexes-expressional.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it compares a cast of ' || quote_ident(p.col) || '; cast the other side', p.mend
        FROM policy p
        WHERE p.ours AND p.outlines ~ ('(^|[^[:alnum:]_.])'
          || p.me || '\]?::')",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id::text = (SELECT tenancy.current_tenant()::text));",
        clean: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()::text::uuid));",
    },
};

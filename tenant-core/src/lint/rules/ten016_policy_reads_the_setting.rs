use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN016",
    name: "policy_reads_the_setting",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that reads the tenant's setting itself, instead of asking \
            tenancy.current_tenant().",
    why: "The setting is anybody's to set; only the function can demand a seal, and raise \
            where there is no tenant.",
    source: "https://www.postgresql.org/docs/current/functions-admin.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               format('it reads the setting %s itself', l.setting), p.mend
        FROM policy p, layout l
        WHERE p.ours AND p.text ~ ('current_setting\(''' || regexp_replace(l.setting, '([.$])', '\\\1', 'g') || '''')",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        ALTER POLICY tenancy_select ON invoices
          USING (tenant_id = (SELECT current_setting('app.current_tenant_id')::uuid));",
        clean: "
        ALTER POLICY tenancy_select ON invoices USING (tenant_id =
          (SELECT (current_setting('request.jwt.claims')::json ->> 'tenant_id')::uuid));",
    },
};

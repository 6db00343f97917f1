use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN018",
    name: "policy_trusts_an_admin_setting",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that lets a setting say who is an administrator.",
    why: "Any SQL that runs in the session, an injected one too, can set it and see every tenant.",
    source: "https://www.postgresql.org/docs/current/runtime-config-custom.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               format('it believes the setting %s', s.name), p.mend
        FROM policy p, LATERAL (SELECT (regexp_match(p.text,
          'current_setting\(''([^'']*(?:admin|staff|superuser|bypass|support|internal)[^'']*)'''))[1]) s (name)
        WHERE p.ours AND s.name IS NOT NULL AND NOT EXISTS (SELECT FROM loose l WHERE l.oid = p.oid)",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT tenancy.current_tenant())
          OR (SELECT current_setting('app.is_admin', true) = 'on'));",
        clean: "CREATE POLICY staff ON invoices FOR SELECT TO {prefix}_admin USING (true);",
    },
};

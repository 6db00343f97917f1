use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN017",
    name: "policy_trusts_user_metadata",
    severity: Severity::Error,
    startup: false,
    finds: "A policy that reads user_metadata from the user's token.",
    why: "Users edit their own user_metadata, so a user can name another tenant there.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0015_rls_references_user_metadata",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it reads user_metadata, which users edit: use app_metadata', p.mend
        FROM policy p WHERE p.ours AND p.text ~ '(raw_)?user_meta_?data'",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers:
            "
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT
          (current_setting('request.jwt.claims')::json -> 'user_metadata' ->> 'tenant_id')::uuid));",
        clean: "
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT
          (current_setting('request.jwt.claims')::json -> 'app_metadata' ->> 'tenant_id')::uuid));",
    },
};

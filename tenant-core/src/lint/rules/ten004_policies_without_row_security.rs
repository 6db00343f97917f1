use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN004",
    name: "policies_without_row_security",
    severity: Severity::Error,
    startup: true,
    finds: "A tenant table that has policies, which do nothing because row security is off.",
    why: "Policies look like a wall in every listing, and are none until row security is enabled.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0007_policy_exists_rls_disabled",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               format('it has %s policies, but row security is off', count(*)),
               format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', t.label)
        FROM tenant_table t JOIN policy p ON p.relid = t.oid
        WHERE NOT t.secured GROUP BY t.oid, t.object, t.label",
    example: Example {
        object: "table public.invoices",
        triggers: "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY;",
        clean: "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY; ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;",
    },
};

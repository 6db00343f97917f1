use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN003",
    name: "no_policies",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table with row security and no policy at all.",
    why: "Nobody sees a row, and the first policy that somebody adds to repair that is the \
            only one there is.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0008_rls_enabled_no_policy",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               'row security is on, but there are no policies',
               (SELECT format('CREATE POLICY tenancy_rows ON %s TO %s USING (%s); '
                              'CREATE POLICY tenancy_wall ON %1$s AS RESTRICTIVE TO %2$s USING (%3$s);',
                              t.label, string_agg(r.label, ', ' ORDER BY r.label), t.test)
                FROM our_role r WHERE r.oid IS NOT NULL AND r.kind NOT IN ('admin', 'owner', 'analytics', 'staff', 'search'))
        FROM tenant_table t
        WHERE t.secured AND NOT EXISTS (SELECT FROM policy p WHERE p.relid = t.oid)",
    example: Example {
        object: "table public.invoices",
        triggers: "
        DROP POLICY tenancy_select ON invoices; DROP POLICY tenancy_insert ON invoices;
        DROP POLICY tenancy_update ON invoices; DROP POLICY tenancy_delete ON invoices;
        DROP POLICY tenancy_wall ON invoices; DROP POLICY IF EXISTS tenancy_admin ON invoices;
        DROP POLICY IF EXISTS tenancy_owner ON invoices;
        DROP POLICY IF EXISTS tenancy_analytics ON invoices;
        DROP POLICY IF EXISTS tenancy_staff ON invoices;",
        clean: "ALTER TABLE plans ENABLE ROW LEVEL SECURITY;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN020",
    name: "policy_function_without_search_path",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that calls a function without a fixed search_path.",
    why: "Whoever sets the session's search_path decides what the names in that function mean, \
            and so what the policy says.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0011_function_search_path_mutable",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it calls ' || string_agg(f.label, ', ' ORDER BY f.label) || ', whose search_path is not fixed',
               string_agg('ALTER ' || f.word || ' ' || f.label || ' SET search_path = pg_catalog, pg_temp;',
                 ' ' ORDER BY f.label)
        FROM policy p
        JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
          AND d.refclassid = 'pg_proc'::regclass
        JOIN routine f ON f.oid = d.refobjid
        -- Supabase's own functions in `auth` are not the user's to alter.
        WHERE p.ours AND f.nspname NOT IN ('tenancy', 'auth') AND f.language NOT IN ('c', 'internal')
          AND NOT EXISTS (SELECT FROM unnest(f.config) s WHERE s LIKE 'search\_path=%')
        GROUP BY p.oid, p.object",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        CREATE FUNCTION tenant_of_request() RETURNS uuid LANGUAGE sql STABLE
          AS 'SELECT tenancy.current_tenant()';
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT tenant_of_request()));",
        clean: "
        CREATE FUNCTION tenant_of_request() RETURNS uuid LANGUAGE sql STABLE
          SET search_path = pg_catalog AS 'SELECT tenancy.current_tenant()';
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT tenant_of_request()));",
    },
};

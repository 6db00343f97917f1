use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN019",
    name: "policy_calls_a_volatile_function",
    severity: Severity::Warning,
    startup: false,
    finds: "A policy that calls a volatile function.",
    why: "It is called for every row, may answer differently for each, and keeps the planner \
            from using an index.",
    source: "https://www.postgresql.org/docs/current/xfunc-volatility.html",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it calls ' || string_agg(f.label, ', ' ORDER BY f.label) || ', which is volatile',
               string_agg('ALTER ' || f.word || ' ' || f.label || ' STABLE;', ' ' ORDER BY f.label)
        FROM policy p
        JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
          AND d.refclassid = 'pg_proc'::regclass
        JOIN routine f ON f.oid = d.refobjid
        WHERE p.ours AND f.volatility = 'v' AND f.nspname <> 'tenancy'
        GROUP BY p.oid, p.object",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        CREATE FUNCTION tenant_of_request() RETURNS uuid LANGUAGE sql SET search_path = pg_catalog
          AS 'SELECT tenancy.current_tenant()';
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT tenant_of_request()));",
        clean: "
        CREATE FUNCTION tenant_of_request() RETURNS uuid LANGUAGE sql STABLE
          SET search_path = pg_catalog AS 'SELECT tenancy.current_tenant()';
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = (SELECT tenant_of_request()));",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN607",
    name: "policy_function_not_on_workers",
    severity: Severity::Error,
    startup: false,
    finds: "A policy of a distributed table that calls a function which the workers do not have.",
    why: "Policies are asked on the shards, by the functions there: each query fails, or asks \
            another function of that name.",
    source: "https://docs.citusdata.com/en/stable/develop/api_udf.html",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'the workers do not have ' || string_agg(f.label, ', ' ORDER BY f.label),
               string_agg(format('SELECT create_distributed_function(%L);', f.label), ' ' ORDER BY f.label)
        FROM citus x CROSS JOIN policy p JOIN citus_table c ON c.relid = p.relid
        JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
          AND d.refclassid = 'pg_proc'::regclass
        JOIN routine f ON f.oid = d.refobjid
        WHERE NOT EXISTS (SELECT FROM citus_object o
          WHERE o.classid = 'pg_proc'::regclass AND o.objid = f.oid)
        GROUP BY p.oid, p.object",
    example: Example {
        object: "policy tenancy_select on public.invoices",
        triggers: "
        -- citus
        DELETE FROM pg_dist_object;",
        clean: "
        CREATE FUNCTION mine() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog
          AS 'SELECT tenancy.current_tenant()';
        SELECT create_distributed_function('mine()');
        ALTER POLICY tenancy_select ON invoices USING (tenant_id = mine());",
    },
};

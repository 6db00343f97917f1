use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN603",
    name: "table_not_distributed",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant's table that Citus does not distribute.",
    why: "All its rows lie on one node, or each node has all of them, and no query on it goes \
            to one shard.",
    source: "https://docs.citusdata.com/en/stable/develop/api_udf.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               CASE WHEN c.relid IS NULL THEN 'it lies on the coordinator alone'
                 ELSE 'it is kept whole, and not by tenant' END,
               CASE WHEN c.relid IS NULL THEN '' ELSE format('SELECT undistribute_table(%L); ', t.label) END
                 || format('SELECT create_distributed_table(%L, %L);', t.label, t.col)
        FROM citus x CROSS JOIN tenant_table t LEFT JOIN citus_table c ON c.relid = t.oid
        WHERE c.method IS DISTINCT FROM 'h' AND t.attnum IS NOT NULL",
    example: Example {
        object: "table public.invoices",
        triggers: "
        -- citus
        DELETE FROM pg_dist_partition WHERE logicalrelid = 'invoices'::regclass;",
        clean: "SELECT 1",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN604",
    name: "distributed_by_another_column",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant's table that Citus distributes by another column than the tenant's.",
    why: "A tenant is then spread over all shards: each query asks all of them, and no key can \
            hold within one.",
    source: "https://docs.citusdata.com/en/stable/develop/migration_mt_schema.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               'it is distributed by ' || coalesce((SELECT quote_ident(a.attname) FROM pg_attribute a
                 WHERE a.attrelid = t.oid AND a.attnum = c.attnum), 'another column'),
               format('SELECT alter_distributed_table(%L, distribution_column => %L);', t.label, t.col)
        FROM citus x CROSS JOIN tenant_table t JOIN citus_table c ON c.relid = t.oid AND c.method = 'h'
        WHERE c.attnum IS DISTINCT FROM t.attnum",
    example: Example {
        object: "table public.invoices",
        triggers: "
        -- citus
        UPDATE pg_dist_partition SET partkey = '{VAR :varno 1 :varattno 2 :vartype 20}'
        WHERE logicalrelid = 'invoices'::regclass;",
        clean: "
        UPDATE pg_dist_partition SET partkey = '{VAR :varno 1 :varattno 1 :vartype 2950 :location -1}'
        WHERE logicalrelid = 'invoices'::regclass;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN605",
    name: "tables_not_colocated",
    severity: Severity::Info,
    startup: false,
    finds: "Tenants' tables whose shards do not lie side by side.",
    why: "A join of one tenant's rows then moves them between nodes, and a foreign key between \
            them cannot be.",
    source: "https://docs.citusdata.com/en/stable/sharding/data_modeling.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object, 'its shards do not lie beside those of ' || first.label,
               format('SELECT alter_distributed_table(%L, colocate_with => %L);', t.label, first.label)
        FROM citus x CROSS JOIN tenant_table t JOIN citus_table c ON c.relid = t.oid AND c.method = 'h'
        CROSS JOIN (SELECT u.label, d.colocation FROM tenant_table u JOIN citus_table d ON d.relid = u.oid
                    WHERE d.method = 'h' ORDER BY u.label LIMIT 1) first
        WHERE c.colocation <> first.colocation",
    example: Example {
        object: "table public.projects",
        triggers: "
        -- citus
        UPDATE pg_dist_partition SET colocationid = 77 WHERE logicalrelid = 'projects'::regclass;",
        clean: "UPDATE pg_dist_partition SET colocationid = 77 WHERE colocationid = 1;",
    },
};

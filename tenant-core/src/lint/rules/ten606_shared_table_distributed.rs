use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN606",
    name: "shared_table_distributed",
    severity: Severity::Warning,
    startup: false,
    finds: "A shared table that Citus distributes, instead of keeping it whole on every node.",
    why: "Its rows lie by a column that no tenant's query knows, so every join with them asks \
            all nodes.",
    source: "https://docs.citusdata.com/en/stable/develop/api_udf.html",
    query: "
        SELECT 'pg_class'::regclass, s.oid, s.object, 'it is distributed',
               format('SELECT undistribute_table(%L); SELECT create_reference_table(%1$L);', s.label)
        FROM citus x CROSS JOIN shared_table s JOIN citus_table c ON c.relid = s.oid
        WHERE c.method <> 'n'",
    example: Example {
        object: "table public.plans",
        triggers: "
        -- citus
        UPDATE pg_dist_partition SET partmethod = 'h', repmodel = 's', partkey = '{VAR :varattno 1 :x}'
        WHERE logicalrelid = 'plans'::regclass;",
        clean: "DELETE FROM pg_dist_partition WHERE logicalrelid = 'plans'::regclass;",
    },
};

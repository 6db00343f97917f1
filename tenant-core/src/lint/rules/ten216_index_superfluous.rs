use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN216",
    name: "index_superfluous",
    severity: Severity::Info,
    startup: false,
    finds: "An index of a tenant table whose columns another index begins with.",
    why: "Every write keeps both up, and the longer one serves the queries of both.",
    source: "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
    query: "
        SELECT 'pg_class'::regclass, i.oid, 'index ' || i.label, 'another one begins with its columns: '
                 || string_agg(o.label, ', ' ORDER BY o.label),
               format('DROP INDEX %s;', i.label)
        FROM index_ i JOIN index_ o ON o.relid = i.relid AND o.oid <> i.oid
        WHERE i.method = 'btree' AND o.method = 'btree' AND NOT i.is_unique
          AND cardinality(o.key_columns) > cardinality(i.keys)
          AND o.key_columns[1:cardinality(i.keys)] = i.keys
          AND i.indexprs IS NULL AND o.indexprs IS NULL AND i.indpred IS NULL AND o.indpred IS NULL
          AND starts_with(o.classes || ' ', i.classes || ' ')
          AND starts_with(o.options || ' ', i.options || ' ')
          AND i.constraint_oid IS NULL AND NOT i.is_partition AND i.is_valid AND o.is_valid
        GROUP BY i.oid, i.label",
    example: Example {
        object: "index public.invoices_tenant_id_tenancy_idx",
        triggers: "CREATE INDEX longer ON invoices (tenant_id, project_id);",
        clean: "CREATE INDEX other ON invoices (tenant_id, total); DROP INDEX invoices_tenant_id_tenancy_idx;",
    },
};

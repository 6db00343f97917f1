use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN213",
    name: "no_index_led_by_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table without an index that begins with the tenant column.",
    why: "Every query compares the tenant, and without such an index each one reads the rows \
            of all tenants.",
    source: "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               format('no index begins with %I', t.col),
               format('CREATE INDEX ON %s (%I);', t.label, t.col)
        FROM tenant_table t
        WHERE t.attnum IS NOT NULL AND NOT EXISTS (SELECT FROM index_ i WHERE i.relid = t.oid
          AND i.keys[1] = t.attnum AND i.indpred IS NULL)",
    example: Example {
        object: "table public.invoices",
        triggers: "DROP INDEX invoices_tenant_id_tenancy_idx;",
        clean: "DROP INDEX invoices_tenant_id_tenancy_idx; CREATE INDEX ON invoices (tenant_id, total);",
    },
};

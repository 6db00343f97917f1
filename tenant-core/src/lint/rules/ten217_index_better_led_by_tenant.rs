use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN217",
    name: "index_better_led_by_tenant",
    severity: Severity::Info,
    startup: false,
    finds: "An index of a tenant table that does not begin with the tenant column.",
    why: "Every query also compares the tenant, so the same columns behind the tenant's are \
            found in one place.",
    source: "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
    query: r"
        SELECT 'pg_class'::regclass, i.oid, 'index ' || i.label,
               format('it does not begin with %I', i.col),
               CASE WHEN i.attnum = ANY (i.keys) THEN NULL ELSE
                 format('DROP INDEX %s; ', i.label) || regexp_replace(i.definition,
                   ' USING btree \(', format(' USING btree (%I, ', i.col)) || ';' END
        FROM index_ i
        WHERE i.method = 'btree' AND NOT i.is_unique AND i.attnum IS NOT NULL
          AND i.keys[1] <> i.attnum AND i.constraint_oid IS NULL AND NOT i.is_partition",
    example: Example {
        object: "index public.by_project",
        triggers: "CREATE INDEX by_project ON invoices (project_id);",
        clean: "CREATE INDEX by_project ON invoices (tenant_id, project_id, total); CREATE INDEX ON invoices USING brin (total);",
    },
};

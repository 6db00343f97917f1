use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN207",
    name: "tenant_column_default",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant column whose default is not tenancy.current_tenant().",
    why: "Inserts must then name the tenant themselves, and one that forgets fails or, worse, \
            gets the wrong one.",
    source: "https://www.postgresql.org/docs/current/ddl-default.html",
    query: r"
        SELECT 'pg_class'::regclass, t.oid, t.object,
               format('its column %I has %s', t.col,
                 coalesce('the default ' || pg_get_expr(d.adbin, d.adrelid), 'no default')),
               format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT tenancy.current_tenant();', t.label,
                 t.col)
        FROM tenant_table t LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = t.attnum
        WHERE t.attnum IS NOT NULL
          AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') !~ '\mtenancy\.current_tenant\(\)'",
    example: Example {
        object: "table public.invoices",
        triggers: "
        ALTER TABLE invoices ALTER COLUMN tenant_id
          SET DEFAULT '00000000-0000-0000-0000-000000000001';",
        clean: "ALTER TABLE plans ALTER COLUMN name SET DEFAULT 'free';",
    },
};

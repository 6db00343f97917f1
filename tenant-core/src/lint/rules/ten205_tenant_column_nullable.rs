use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN205",
    name: "tenant_column_nullable",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant column that may be NULL.",
    why: "A row without a tenant is nobody's: no tenant sees it, no export has it, no erasure \
            deletes it.",
    source: "https://www.postgresql.org/docs/current/ddl-constraints.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               format('its column %I may be NULL', t.col),
               format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', t.label, t.col)
        FROM tenant_table t WHERE t.attnum IS NOT NULL AND NOT t.attnotnull",
    example: Example {
        object: "table public.projects",
        triggers: "ALTER TABLE projects ALTER COLUMN tenant_id DROP NOT NULL;",
        clean: "ALTER TABLE projects ALTER COLUMN name SET NOT NULL; ALTER TABLE projects ALTER COLUMN name DROP NOT NULL;",
    },
};

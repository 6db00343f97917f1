use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN218",
    name: "index_better_partial",
    severity: Severity::Info,
    startup: false,
    finds: "An index of a tenant table with a boolean among its columns.",
    why: "Queries mostly want one of its two values; an index WHERE it has that value is half \
            the size or far less.",
    source: "https://www.postgresql.org/docs/current/indexes-partial.html",
    query: "
        SELECT 'pg_class'::regclass, i.oid, 'index ' || i.label,
               format('its column %I is a boolean: an index WHERE %1$I (or WHERE NOT) would be smaller',
                 a.attname), NULL
        FROM index_ i JOIN pg_attribute a ON a.attrelid = i.relid AND a.attnum = ANY (i.key_columns)
        WHERE i.method = 'btree' AND NOT i.is_unique AND a.atttypid = 'boolean'::regtype
          AND i.constraint_oid IS NULL AND NOT i.is_partition",
    example: Example {
        object: "index public.by_state",
        triggers: "
        ALTER TABLE projects ADD COLUMN archived boolean;
        CREATE INDEX by_state ON projects (tenant_id, archived);",
        clean: "
        ALTER TABLE projects ADD COLUMN archived boolean;
        CREATE INDEX by_state ON projects (tenant_id, name) WHERE NOT archived;",
    },
};

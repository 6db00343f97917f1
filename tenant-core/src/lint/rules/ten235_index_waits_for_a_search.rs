use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN235",
    name: "index_waits_for_a_search",
    severity: Severity::Info,
    startup: false,
    finds: "An index of a tenant table that row security keeps queries from using, by operators that \
            must not be marked LEAKPROOF, or of which nobody has shown that they may.",
    why: "Such a question reads every row that the tenant has, however good the index is; a search \
            function asks it with the tenant built in: `Isolation::search`.",
    source: "https://www.postgresql.org/docs/current/rules-privileges.html",
    query: "
        SELECT 'pg_class'::regclass, u.oid, 'index ' || u.label,
               format('row security keeps %s of %s from using it: Isolation::search', u.operators,
                 u.column_name),
               NULL
        FROM unused_key u WHERE NOT u.markable",
    example: Example {
        object: "index public.by_name",
        triggers: "CREATE INDEX by_name ON projects (tenant_id, name text_pattern_ops);",
        clean: "CREATE INDEX by_name ON projects (tenant_id, name); CREATE INDEX by_id ON projects USING hash (id);",
    },
};

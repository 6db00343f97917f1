use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN215",
    name: "index_twice",
    severity: Severity::Info,
    startup: false,
    finds: "Two indexes of a tenant table that are the same.",
    why: "Every write keeps both up, and one would do.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0009_duplicate_index",
    query: "
        SELECT 'pg_class'::regclass, i.oid, 'index ' || i.label, 'it is the same as ' || o.label,
               format('DROP INDEX %s;', i.label)
        FROM index_ i JOIN index_ o ON o.relid = i.relid AND o.oid < i.oid
        WHERE i.keys = o.keys AND i.classes = o.classes AND i.options = o.options
          AND i.collations = o.collations AND i.method = o.method AND i.is_unique = o.is_unique
          AND i.indexprs::text IS NOT DISTINCT FROM o.indexprs::text
          AND i.indpred::text IS NOT DISTINCT FROM o.indpred::text
          AND i.constraint_oid IS NULL AND NOT i.is_partition AND i.is_valid AND o.is_valid",
    example: Example {
        object: "index public.again",
        triggers: "CREATE INDEX again ON invoices (tenant_id);",
        clean: "CREATE INDEX again ON invoices (tenant_id) WHERE total > 0;",
    },
};

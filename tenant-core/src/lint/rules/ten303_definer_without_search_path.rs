use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN303",
    name: "definer_without_search_path",
    severity: Severity::Warning,
    startup: false,
    finds: "A SECURITY DEFINER function that the application may call, without a fixed \
            search_path.",
    why: "The caller chooses the search_path, and so which functions and tables run with the \
            owner's rights.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: r"
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label,
               format('%s may call it; it runs as %s with the caller''s search_path', f.callers,
                 f.owner::regrole),
               format('ALTER %s %s SET search_path = pg_catalog, pg_temp;', f.word, f.label)
        FROM routine f
        WHERE f.definer AND f.callers IS NOT NULL AND f.language NOT IN ('c', 'internal')
          AND NOT EXISTS (SELECT FROM unnest(f.config) s WHERE s LIKE 'search\_path=%')",
    example: Example {
        object: "function public.tidy()",
        triggers: "
        CREATE FUNCTION tidy() RETURNS void LANGUAGE sql SECURITY DEFINER AS '';
        ALTER FUNCTION tidy() OWNER TO {prefix}_tenant;",
        clean: "
        CREATE FUNCTION tidy() RETURNS void LANGUAGE sql SECURITY DEFINER
          SET search_path = pg_catalog AS '';
        ALTER FUNCTION tidy() OWNER TO {prefix}_tenant;",
    },
};

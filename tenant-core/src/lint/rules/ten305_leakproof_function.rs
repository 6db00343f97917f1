use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN305",
    name: "leakproof_function",
    severity: Severity::Warning,
    startup: false,
    finds: "A LEAKPROOF function that PostgreSQL did not bring.",
    why: "The planner calls it on rows before any policy has let them through, because \
            somebody swore that it tells nothing.",
    source: "https://www.postgresql.org/docs/current/rules-privileges.html",
    query: "
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label,
               'it is LEAKPROOF, so it sees rows before the policies do',
               format('ALTER %s %s NOT LEAKPROOF;', f.word, f.label)
        FROM routine f WHERE f.leakproof",
    example: Example {
        object: "function public.same(text,text)",
        triggers: "
        CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF
          AS 'SELECT $1 = $2';",
        clean: "CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';",
    },
};

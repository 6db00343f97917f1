use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN310",
    name: "mark_that_leaks",
    severity: Severity::Error,
    startup: false,
    finds: "A function of PostgreSQL's that is marked LEAKPROOF and fails, or speaks, on some values \
            and not on others.",
    why: "It is run on rows that no policy has let through, and an error tells the caller what is \
            in them.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_proc'::regclass, j.oid, 'function ' || j.signature,
               'it is marked LEAKPROOF, and its errors depend on the rows that it is run on',
               format('ALTER FUNCTION %s NOT LEAKPROOF;', j.signature)
        FROM judged j WHERE j.mark IS NULL AND j.marked",
    example: Example {
        object: "function pg_catalog.textlike(text,text)",
        triggers: "ALTER FUNCTION textlike(text, text) LEAKPROOF;",
        clean: "ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF;",
    },
};

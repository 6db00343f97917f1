use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN309",
    name: "mark_gone",
    severity: Severity::Warning,
    startup: false,
    finds: "A function that the isolation marks LEAKPROOF, and that is not, or not any more.",
    why: "Neither `pg_dump` nor `pg_upgrade` takes the mark along, and queries that wait for it \
            become slower by the size of the tenant.",
    source: "https://www.postgresql.org/docs/current/sql-alterfunction.html",
    query: r"
        SELECT 'pg_proc'::regclass, j.oid, 'function ' || j.signature,
               'the isolation marks it LEAKPROOF, and it is not',
               format('ALTER FUNCTION %s LEAKPROOF;', j.signature)
        FROM judged j
        WHERE j.mark IS NOT NULL AND NOT j.marked AND j.signature = ANY (string_to_array(
          obj_description((SELECT r.oid FROM relation r WHERE r.label = 'tenancy.installed'), 'pg_class'), E'\n'))",
    example: Example {
        object: "function pg_catalog.numeric_eq(numeric,numeric)",
        triggers: "
        COMMENT ON TABLE tenancy.installed IS E'leakproof\\npg_catalog.numeric_eq(numeric,numeric)';",
        clean: "
        COMMENT ON TABLE tenancy.installed IS E'leakproof\\npg_catalog.numeric_eq(numeric,numeric)';
        ALTER FUNCTION numeric_eq(numeric, numeric) LEAKPROOF;",
    },
};

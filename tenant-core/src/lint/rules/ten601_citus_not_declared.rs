use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN601",
    name: "citus_not_declared",
    severity: Severity::Error,
    startup: true,
    finds: "A database that Citus distributes, with a layout that does not say so.",
    why: "The workers are then not told the tenant, or keep the one that they were told first.",
    source: "https://docs.citusdata.com/en/stable/develop/reference_dml.html",
    query: "
        SELECT 'pg_extension'::regclass, e.oid, 'extension citus',
               'say Layout::citus(): set_config() does not reach the workers, and SET LOCAL only with citus.propagate_set_commands',
               NULL
        FROM pg_extension e, layout l WHERE e.extname = 'citus' AND NOT l.citus",
    example: Example {
        object: "extension citus",
        triggers: "
        INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        VALUES (999999, 'citus', 10, 11, false, '13.2-1');",
        clean: "SELECT 1",
    },
};

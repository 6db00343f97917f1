use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN602",
    name: "citus_missing",
    severity: Severity::Error,
    startup: true,
    finds: "A database without Citus, though the layout says that Citus distributes it.",
    why: "Somebody has dropped the extension, or this is another database than the one that \
            was meant.",
    source: "https://docs.citusdata.com/en/stable/installation/multi_node.html",
    query: "
        SELECT 0, 0, 'extension citus', 'it is not installed here: see whether this is the right database', NULL
        FROM layout l WHERE l.citus AND NOT EXISTS (SELECT FROM citus)",
    example: Example {
        object: "extension citus",
        triggers: "
        -- citus
        DELETE FROM pg_extension WHERE extname = 'citus';",
        clean: "SELECT 1",
    },
};

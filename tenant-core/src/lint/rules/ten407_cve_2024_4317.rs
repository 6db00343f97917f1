use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN407",
    name: "cve_2024_4317",
    severity: Severity::Warning,
    startup: false,
    finds: "A server on which everybody reads all extended statistics (CVE-2024-4317).",
    why: "The most common values of other tenants' rows can be read from pg_stats_ext and \
            pg_stats_ext_exprs.",
    source: "https://www.postgresql.org/support/security/CVE-2024-4317/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2024-4317: upgrade to 14.12, 15.7, 16.3 '
          'or newer, and run fix-CVE-2024-4317.sql', s.label), NULL
        FROM server s
        WHERE s.version BETWEEN 140000 AND 140011 OR s.version BETWEEN 150000 AND 150006
          OR s.version BETWEEN 160000 AND 160002",
    example: Example {
        object: "server",
        triggers: "-- server 160002",
        clean: "-- server 160003",
    },
};

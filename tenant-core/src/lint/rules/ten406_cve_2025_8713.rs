use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN406",
    name: "cve_2025_8713",
    severity: Severity::Warning,
    startup: false,
    finds: "A server whose statistics show rows that a policy hides in partitions, children and \
            views (CVE-2025-8713).",
    why: "A leaky operator of the user's own is shown sampled values of partitions and \
            children, past their policies.",
    source: "https://www.postgresql.org/support/security/CVE-2025-8713/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2025-8713: upgrade to 13.22, 14.19, '
          '15.14, 16.10, 17.6 or newer', s.label), NULL
        FROM server s
        WHERE s.version BETWEEN 90500 AND 130021 OR s.version BETWEEN 140000 AND 140018
          OR s.version BETWEEN 150000 AND 150013 OR s.version BETWEEN 160000 AND 160009
          OR s.version BETWEEN 170000 AND 170005",
    example: Example {
        object: "server",
        triggers: "-- server 170005",
        clean: "-- server 170006",
    },
};

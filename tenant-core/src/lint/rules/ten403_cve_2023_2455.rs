use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN403",
    name: "cve_2023_2455",
    severity: Severity::Error,
    startup: true,
    finds: "A server on which an inlined function keeps the row security of another role \
            (CVE-2023-2455).",
    why: "A query that was planned under one role runs under the next with the first one's \
            policies.",
    source: "https://www.postgresql.org/support/security/CVE-2023-2455/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2023-2455: upgrade to 11.20, 12.15, '
          '13.11, 14.8, 15.3 or newer', s.label), NULL
        FROM server s
        WHERE s.version BETWEEN 90500 AND 110019 OR s.version BETWEEN 120000 AND 120014
          OR s.version BETWEEN 130000 AND 130010 OR s.version BETWEEN 140000 AND 140007
          OR s.version BETWEEN 150000 AND 150002",
    example: Example {
        object: "server",
        triggers: "-- server 150002",
        clean: "-- server 150003",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN408",
    name: "cve_2024_10978",
    severity: Severity::Warning,
    startup: false,
    finds: "A server on which SET ROLE is undone to the wrong user (CVE-2024-10978).",
    why: "A statement can leave the transaction with another role than the one that it was \
            opened with.",
    source: "https://www.postgresql.org/support/security/CVE-2024-10978/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2024-10978: upgrade to 12.21, 13.17, '
          '14.14, 15.9, 16.5, 17.1 or newer', s.label), NULL
        FROM server s
        WHERE s.version BETWEEN 90500 AND 120020 OR s.version BETWEEN 130000 AND 130016
          OR s.version BETWEEN 140000 AND 140013 OR s.version BETWEEN 150000 AND 150008
          OR s.version BETWEEN 160000 AND 160004 OR s.version = 170000",
    example: Example {
        object: "server",
        triggers: "-- server 160004",
        clean: "-- server 160005",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN405",
    name: "cve_2024_10976",
    severity: Severity::Error,
    startup: true,
    finds: "A server whose plans for sub-queries keep the row security of another role \
            (CVE-2024-10976).",
    why: "After SET ROLE, which opens every transaction here, a plan can be used with the \
            policies of the role before.",
    source: "https://www.postgresql.org/support/security/CVE-2024-10976/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2024-10976: upgrade to 12.21, 13.17, '
          '14.14, 15.9, 16.5, 17.1 or newer', s.label), NULL
        FROM server s
        WHERE s.version BETWEEN 90500 AND 120020 OR s.version BETWEEN 130000 AND 130016
          OR s.version BETWEEN 140000 AND 140013 OR s.version BETWEEN 150000 AND 150008
          OR s.version BETWEEN 160000 AND 160004 OR s.version = 170000",
    example: Example {
        object: "server",
        triggers: "-- server 150008",
        clean: "-- server 150009",
    },
};

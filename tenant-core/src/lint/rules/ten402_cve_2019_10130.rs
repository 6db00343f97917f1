use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN402",
    name: "cve_2019_10130",
    severity: Severity::Warning,
    startup: false,
    finds: "A server whose planner shows rows that a policy hides to a leaky operator \
            (CVE-2019-10130).",
    why: "A user can read sampled values of other tenants' rows from the planner's statistics.",
    source: "https://www.postgresql.org/support/security/CVE-2019-10130/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2019-10130: upgrade to 9.5.17, '
          '9.6.13, 10.8, 11.3 or newer', s.label), NULL
        FROM server s
        WHERE s.version BETWEEN 90500 AND 90516 OR s.version BETWEEN 90600 AND 90612
          OR s.version BETWEEN 100000 AND 100007 OR s.version BETWEEN 110000 AND 110002",
    example: Example {
        object: "server",
        triggers: "-- server 110002",
        clean: "-- server 110003",
    },
};

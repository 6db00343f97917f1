use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN401",
    name: "cve_2016_2193",
    severity: Severity::Error,
    startup: true,
    finds: "A server whose cached plans keep the row security of another role (CVE-2016-2193).",
    why: "A plan made for one role is used for the next one on the connection, with the first \
            one's policies.",
    source: "https://www.postgresql.org/support/security/CVE-2016-2193/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2016-2193: upgrade to 9.5.2 or newer',
          s.label), NULL
        FROM server s WHERE s.version BETWEEN 90500 AND 90501",
    example: Example {
        object: "server",
        triggers: "-- server 90501",
        clean: "-- server 90502",
    },
};

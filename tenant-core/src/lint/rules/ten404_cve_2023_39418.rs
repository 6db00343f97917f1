use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN404",
    name: "cve_2023_39418",
    severity: Severity::Error,
    startup: false,
    finds: "A server whose MERGE does not ask the policies for UPDATE and SELECT \
            (CVE-2023-39418).",
    why: "A tenant can change rows with MERGE that a policy keeps from its UPDATE.",
    source: "https://www.postgresql.org/support/security/CVE-2023-39418/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2023-39418: upgrade to 15.4 or newer',
          s.label), NULL
        FROM server s WHERE s.version BETWEEN 150000 AND 150003",
    example: Example {
        object: "server",
        triggers: "-- server 150003",
        clean: "-- server 150004",
    },
};

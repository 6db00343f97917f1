use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN409",
    name: "cve_2026_2006",
    severity: Severity::Warning,
    startup: false,
    finds: "A server on which a crafted text runs code as the server's own user (CVE-2026-2006).",
    why: "Whoever runs code as the server reads every tenant's files; no policy is asked.",
    source: "https://www.postgresql.org/support/security/CVE-2026-2006/",
    query: "
        SELECT 0, 0, 'server', format('version %s is affected by CVE-2026-2006: upgrade to 14.21, 15.16, '
          '16.12, 17.8, 18.2 or newer', s.label), NULL
        FROM server s
        WHERE s.version < 140021 OR s.version BETWEEN 150000 AND 150015
          OR s.version BETWEEN 160000 AND 160011 OR s.version BETWEEN 170000 AND 170007
          OR s.version BETWEEN 180000 AND 180001",
    example: Example {
        object: "server",
        triggers: "-- server 180001",
        clean: "-- server 180002",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN410",
    name: "row_security_off",
    severity: Severity::Warning,
    startup: false,
    finds: "A database, or a role of the application, for which row_security is off.",
    why: "Queries that a policy would narrow fail then, and somebody will repair that by \
            giving the role BYPASSRLS.",
    source: "https://www.postgresql.org/docs/current/runtime-config-client.html",
    query: "
        SELECT s.classid, s.objid, s.object, 'it sets row_security = ' || s.value, s.mend
        FROM login_setting s WHERE s.name = 'row_security' AND s.value IN ('off', 'false', '0', 'no')",
    example: Example {
        object: "database {prefix}",
        triggers: "ALTER DATABASE {prefix} SET row_security = off;",
        clean: "ALTER ROLE {prefix}_owner SET row_security = off;",
    },
};

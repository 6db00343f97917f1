use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN415",
    name: "statements_logged",
    severity: Severity::Info,
    startup: false,
    finds: "A database, or a role of the application, whose statements are all logged.",
    why: "Tenants' values, and the message that opens a transaction with its token, are then \
            in the server's log.",
    source: "https://www.postgresql.org/docs/current/runtime-config-logging.html",
    query: "
        SELECT s.classid, s.objid, s.object, format('it sets %s = %s', s.name, s.value), s.mend
        FROM login_setting s
        WHERE (s.name = 'log_statement' AND s.value IN ('mod', 'all'))
          OR (s.name = 'log_min_duration_statement' AND s.value = '0')",
    example: Example {
        object: "role {prefix}_login",
        triggers: "ALTER ROLE {prefix}_login SET log_statement = 'all';",
        clean: "ALTER ROLE {prefix}_login SET log_statement = 'ddl';",
    },
};

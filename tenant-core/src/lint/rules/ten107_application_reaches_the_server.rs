use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN107",
    name: "application_reaches_the_server",
    severity: Severity::Error,
    startup: true,
    finds: "A role of the application that can read or write the server's files, or run its \
            programs.",
    why: "Whoever reads the server's files reads every table without asking a policy.",
    source: "https://www.postgresql.org/docs/current/predefined-roles.html",
    query: "
        SELECT 'pg_authid'::regclass, a.via, 'role ' || a.via::regrole,
               'it can become ' || string_agg(a.name, ', ' ORDER BY a.name),
               string_agg(DISTINCT format('REVOKE %s FROM %s;', a.first::regrole, a.via::regrole), ' ')
        FROM app_role a
        WHERE a.name IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
        GROUP BY a.via",
    example: Example {
        object: "role {prefix}_tenant",
        triggers: "GRANT pg_read_server_files TO {prefix}_tenant;",
        clean: "GRANT pg_read_server_files TO {prefix}_admin;",
    },
};

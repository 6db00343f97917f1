use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN108",
    name: "application_in_a_predefined_role",
    severity: Severity::Warning,
    startup: false,
    finds: "A role of the application that is a member of a predefined role with rights on every \
            table or session.",
    why: "Such a role reads or writes tables that nobody granted, or sees what other sessions \
            of the server run.",
    source: "https://www.postgresql.org/docs/current/predefined-roles.html",
    query: "
        SELECT 'pg_authid'::regclass, a.via, 'role ' || a.via::regrole,
               'it can become ' || string_agg(a.name, ', ' ORDER BY a.name),
               string_agg(DISTINCT format('REVOKE %s FROM %s;', a.first::regrole, a.via::regrole), ' ')
        FROM app_role a
        WHERE a.name IN ('pg_read_all_data', 'pg_write_all_data', 'pg_monitor', 'pg_read_all_settings',
          'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_signal_backend', 'pg_signal_autovacuum_worker',
          'pg_maintain', 'pg_checkpoint', 'pg_create_subscription')
        GROUP BY a.via",
    example: Example {
        object: "role {prefix}_login",
        triggers: "GRANT pg_monitor TO {prefix}_login;",
        clean: "GRANT pg_monitor TO {prefix}_admin;",
    },
};

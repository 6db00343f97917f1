use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN411",
    name: "tenant_set_at_login",
    severity: Severity::Error,
    startup: false,
    finds: "A database, or a role of the application, that comes with a tenant set.",
    why: "A query that nobody scoped then reads that tenant's rows, instead of being refused.",
    source: "https://www.postgresql.org/docs/current/sql-alterrole.html",
    query: "
        SELECT s.classid, s.objid, s.object, format('it sets %s', s.name), s.mend
        FROM login_setting s JOIN layout l ON s.name = lower(l.setting)
          OR s.name = 'backtrace_functions' AND s.value ~ 'tenant__'",
    example: Example {
        object: "role {prefix}_login",
        triggers: "ALTER ROLE {prefix}_login SET app.current_tenant_id = '00000000-0000-0000-0000-000000000001';",
        clean: "ALTER ROLE {prefix}_login SET statement_timeout = '5s';",
    },
};

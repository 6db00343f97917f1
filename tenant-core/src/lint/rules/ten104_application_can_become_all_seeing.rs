use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN104",
    name: "application_can_become_all_seeing",
    severity: Severity::Error,
    startup: true,
    finds: "A role of the application that can become a superuser or one that bypasses row \
            security.",
    why: "One SET ROLE, which an injected statement can send, and no policy holds any more.",
    source: "https://www.postgresql.org/docs/current/role-membership.html",
    query: "
        SELECT 'pg_authid'::regclass, a.via, 'role ' || a.via::regrole,
               'it can become ' || string_agg(a.name, ', ' ORDER BY a.name) || ', which no policy holds',
               string_agg(DISTINCT format('REVOKE %s FROM %s;', a.first::regrole, a.via::regrole), ' ')
        FROM app_role a JOIN pg_roles r ON r.oid = a.oid
        WHERE a.kind IS NULL AND (r.rolsuper OR r.rolbypassrls)
        GROUP BY a.via",
    example: Example {
        object: "role {prefix}_login",
        triggers: "
        CREATE ROLE {prefix}_between; CREATE ROLE {prefix}_support BYPASSRLS;
        GRANT {prefix}_support TO {prefix}_between; GRANT {prefix}_between TO {prefix}_login;",
        clean: "CREATE ROLE {prefix}_support BYPASSRLS; GRANT {prefix}_support TO {prefix}_admin;",
    },
};

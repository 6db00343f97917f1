use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN111",
    name: "login_has_privileges",
    severity: Severity::Warning,
    startup: false,
    finds: "A table, view or sequence that the login itself may use.",
    why: "The login should be able to do nothing until a scope has chosen a role and a tenant.",
    source: "https://docs.postgrest.org/en/stable/explanations/db_authz.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               format('%s may %s', g.grantee_name, string_agg(g.privilege, ', ' ORDER BY g.privilege)),
               format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name)
        FROM relation_grant g WHERE g.grantee_kind = 'login' AND g.nspname <> 'tenancy'
          AND g.privilege NOT IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
        GROUP BY g.relid, g.object, g.label, g.grantee_name",
    example: Example {
        object: "table public.plans",
        triggers: "GRANT SELECT ON plans TO {prefix}_login;",
        clean: "GRANT SELECT ON plans TO {prefix}_admin;",
    },
};

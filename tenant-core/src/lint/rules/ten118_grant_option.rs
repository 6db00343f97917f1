use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN118",
    name: "grant_option",
    severity: Severity::Warning,
    startup: false,
    finds: "A table or view that a role of the application may grant to others.",
    why: "What it may pass on, an injected statement can give to everybody.",
    source: "https://www.postgresql.org/docs/current/sql-grant.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               format('%s may grant %s on it to others', g.grantee_name,
                 string_agg(g.privilege, ', ' ORDER BY g.privilege)),
               format('REVOKE GRANT OPTION FOR ALL PRIVILEGES ON %s FROM %s;', g.label, g.grantee_name)
        FROM relation_grant g WHERE g.is_grantable
        GROUP BY g.relid, g.object, g.label, g.grantee_name",
    example: Example {
        object: "table public.invoices",
        triggers: "GRANT SELECT ON invoices TO {prefix}_tenant WITH GRANT OPTION;",
        clean: "GRANT SELECT ON invoices TO {prefix}_admin WITH GRANT OPTION;",
    },
};

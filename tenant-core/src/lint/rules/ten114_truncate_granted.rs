use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN114",
    name: "truncate_granted",
    severity: Severity::Error,
    startup: false,
    finds: "A tenant table that the application may truncate.",
    why: "TRUNCATE asks no policy, so one tenant can delete the rows of all.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(g.grantee_name, ', ' ORDER BY g.grantee_name) || ' may TRUNCATE it',
               format('REVOKE TRUNCATE ON %s FROM %s;', g.label, string_agg(g.grantee_name, ', '))
        FROM relation_grant g WHERE g.holds AND g.privilege = 'TRUNCATE'
        GROUP BY g.relid, g.object, g.label",
    example: Example {
        object: "table public.invoices",
        triggers: "GRANT TRUNCATE ON invoices TO {prefix}_tenant;",
        clean: "GRANT TRUNCATE ON invoices TO {prefix}_admin; GRANT DELETE ON invoices TO {prefix}_tenant;",
    },
};

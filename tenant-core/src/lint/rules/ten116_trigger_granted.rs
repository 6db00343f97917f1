use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN116",
    name: "trigger_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table on which the application may make triggers.",
    why: "A trigger that one tenant makes runs in every other tenant's transaction, and sees \
            its rows.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(g.grantee_name, ', ' ORDER BY g.grantee_name) || ' may make TRIGGERs on it',
               format('REVOKE TRIGGER ON %s FROM %s;', g.label, string_agg(g.grantee_name, ', '))
        FROM relation_grant g WHERE g.holds AND g.privilege = 'TRIGGER'
        GROUP BY g.relid, g.object, g.label",
    example: Example {
        object: "table public.invoices",
        triggers: "GRANT TRIGGER ON invoices TO {prefix}_tenant;",
        clean: "GRANT TRIGGER ON invoices TO {prefix}_admin;",
    },
};

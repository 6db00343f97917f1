use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN117",
    name: "maintain_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table that the application may maintain (PostgreSQL 17 and newer).",
    why: "MAINTAIN lets one tenant lock the table in exclusive mode against all others, and \
            recompute what the planner knows of their rows.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(g.grantee_name, ', ' ORDER BY g.grantee_name) || ' may MAINTAIN it',
               format('REVOKE MAINTAIN ON %s FROM %s;', g.label, string_agg(g.grantee_name, ', '))
        FROM relation_grant g WHERE g.holds AND g.privilege = 'MAINTAIN'
        GROUP BY g.relid, g.object, g.label",
    example: Example {
        object: "table public.invoices",
        triggers: "
        GRANT MAINTAIN ON invoices TO {prefix}_tenant;",
        clean: "GRANT ALL ON invoices TO {prefix}_admin;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN113",
    name: "everybody_on_a_tenant_table",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table, or a part of one, that PUBLIC may use.",
    why: "What everybody may do, the login may do before anybody has scoped it, and so may \
            every role to come.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               'everybody may ' || string_agg(g.privilege, ', ' ORDER BY g.privilege),
               format('REVOKE ALL ON %s FROM PUBLIC;', g.label)
        FROM relation_grant g JOIN holder h ON h.oid = g.relid
        WHERE g.grantee = 0 AND (h.secured OR NOT h.is_child)
          AND g.privilege NOT IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
        GROUP BY g.relid, g.object, g.label",
    example: Example {
        object: "table public.invoices",
        triggers: "GRANT SELECT ON invoices TO PUBLIC;",
        clean: "GRANT SELECT ON plans TO PUBLIC;",
    },
};

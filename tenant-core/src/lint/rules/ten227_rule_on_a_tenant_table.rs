use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN227",
    name: "rule_on_a_tenant_table",
    severity: Severity::Warning,
    startup: false,
    finds: "A rewrite rule on a tenant table.",
    why: "What a rule adds to a query runs with the rights of the table's owner.",
    source: "https://www.postgresql.org/docs/current/rules-privileges.html",
    query: "
        SELECT 'pg_rewrite'::regclass, w.oid, format('rule %I on %s', w.rulename, h.label),
               'it rewrites queries, with the rights of ' || h.owner::regrole,
               format('DROP RULE %I ON %s;', w.rulename, h.label)
        FROM pg_rewrite w JOIN holder h ON h.oid = w.ev_class",
    example: Example {
        object: "rule copy on public.invoices",
        triggers: "CREATE RULE copy AS ON DELETE TO invoices DO INSTEAD NOTHING;",
        clean: "CREATE RULE copy AS ON DELETE TO plans DO INSTEAD NOTHING;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN308",
    name: "view_without_invoker",
    severity: Severity::Info,
    startup: false,
    finds: "A view over tenant tables that does not run with its caller's rights, though its \
            owner is held by policies.",
    why: "It is held because of who owns it, and another owner would open it to all tenants.",
    source: "https://www.postgresql.org/docs/current/sql-createview.html",
    query: "
        SELECT 'pg_class'::regclass, r.oid, r.object,
               format('it runs as %s, whom a policy holds today', r.owner::regrole),
               format('ALTER VIEW %s SET (security_invoker = true);', r.label)
        FROM relation r JOIN view_over v ON v.oid = r.oid
        WHERE r.kind = 'v' AND coalesce(r.options::text, '') !~* 'security_invoker=(t|on|1|y)'
          AND r.owner NOT IN (SELECT oid FROM all_seeing)",
    example: Example {
        object: "view public.totals",
        triggers: "
        CREATE VIEW totals AS SELECT tenant_id, sum(total) FROM invoices GROUP BY 1;
        ALTER VIEW totals OWNER TO {prefix}_tenant;",
        clean: "
        CREATE VIEW totals WITH (security_invoker = on) AS
          SELECT tenant_id, sum(total) FROM invoices GROUP BY 1;
        ALTER VIEW totals OWNER TO {prefix}_tenant;",
    },
};

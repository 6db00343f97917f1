use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN301",
    name: "view_bypasses_row_security",
    severity: Severity::Error,
    startup: false,
    finds: "A view over tenant tables that runs with the rights of an owner whom no policy \
            holds, and that the application may read.",
    why: "A view asks the policies of its owner, so one that a superuser or the tables' owner \
            has made shows every tenant's rows.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0010_security_definer_view",
    query: "
        SELECT 'pg_class'::regclass, r.oid, r.object,
               format('it runs as %s, and %s', r.owner::regrole,
                 string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', ')),
               format('ALTER VIEW %s SET (security_invoker = true);', r.label)
        FROM relation r JOIN view_over v ON v.oid = r.oid
        JOIN relation_grant g ON g.relid = r.oid
          AND g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        WHERE r.kind = 'v' AND coalesce(r.options::text, '') !~* 'security_invoker=(t|on|1|y)'
          AND r.owner IN (SELECT oid FROM all_seeing) AND r.schema IN (SELECT oid FROM open_schema)
        GROUP BY r.oid, r.object, r.owner, r.label",
    example: Example {
        object: "view public.totals",
        triggers: "
        CREATE VIEW totals AS SELECT tenant_id, sum(total) FROM invoices GROUP BY 1;
        ALTER VIEW totals OWNER TO {prefix}_owner; GRANT SELECT ON totals TO {prefix}_tenant;",
        clean: "
        CREATE VIEW totals WITH (security_invoker = true) AS
          SELECT tenant_id, sum(total) FROM invoices GROUP BY 1;
        ALTER VIEW totals OWNER TO {prefix}_owner; GRANT SELECT ON totals TO {prefix}_tenant;",
    },
};

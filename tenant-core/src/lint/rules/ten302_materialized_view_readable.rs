use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN302",
    name: "materialized_view_readable",
    severity: Severity::Error,
    startup: false,
    finds: "A materialised view over tenant tables that the application may read.",
    why: "It holds the rows of all tenants as its owner saw them, and cannot have policies.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0016_materialized_view_in_api",
    query: "
        SELECT 'pg_class'::regclass, r.oid, r.object,
               string_agg(DISTINCT g.grantee_name, ', ') || ' may read it',
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', r.label, g.grantee_name), ' ')
        FROM relation r JOIN view_over v ON v.oid = r.oid
        JOIN relation_grant g ON g.relid = r.oid AND g.privilege = 'SELECT'
        WHERE r.kind = 'm' AND r.schema IN (SELECT oid FROM open_schema)
        GROUP BY r.oid, r.object",
    example: Example {
        object: "materialized view public.totals",
        triggers: "
        SET LOCAL row_security = off;
        CREATE MATERIALIZED VIEW totals AS SELECT tenant_id, sum(total) FROM invoices GROUP BY 1;
        GRANT SELECT ON totals TO {prefix}_tenant;",
        clean: "
        CREATE MATERIALIZED VIEW totals AS SELECT tenant_id, sum(total) FROM invoices GROUP BY 1;
        GRANT SELECT ON totals TO {prefix}_admin;",
    },
};

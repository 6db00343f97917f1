use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN131",
    name: "shared_table_writable_by_tenants",
    severity: Severity::Warning,
    startup: false,
    finds: "A shared table that the tenant's role may write.",
    why: "What one tenant writes there every other one reads.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               format('%s may %s', g.grantee_name, string_agg(g.privilege, ', ' ORDER BY g.privilege)),
               format('REVOKE %s ON %s FROM %s;', string_agg(g.privilege, ', '), g.label, g.grantee_name)
        FROM relation_grant g
        WHERE g.declared = 'shared' AND g.grantee_kind IN ('tenant', 'public')
          AND g.privilege IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
        GROUP BY g.relid, g.object, g.label, g.grantee_name",
    example: Example {
        object: "table public.plans",
        triggers: "GRANT INSERT ON plans TO {prefix}_tenant;",
        clean: "GRANT SELECT ON plans TO {prefix}_tenant;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN009",
    name: "command_without_policy",
    severity: Severity::Info,
    startup: false,
    finds: "A command that the tenant's role is granted and no permissive policy lets it do.",
    why: "The command then finds no rows or is refused, which looks like missing data.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               format('%s is granted %s, but no permissive policy is for that', g.grantee_name,
                 string_agg(DISTINCT c.word, ', ')),
               string_agg(DISTINCT format('CREATE POLICY tenancy_%s ON %s FOR %s TO %s %s;',
                 lower(c.word), g.label, c.word, g.grantee_name,
                 CASE c.cmd WHEN 'a' THEN 'WITH CHECK' ELSE 'USING' END || ' (' || h.test || ')'), ' ')
        FROM relation_grant g JOIN command c ON c.word = g.privilege
        JOIN holder h ON h.oid = g.relid AND h.secured
        WHERE g.grantee_kind IN ('tenant', 'single')
          AND NOT EXISTS (SELECT FROM policy p WHERE p.relid = g.relid AND p.permissive
            AND p.cmd IN ('*', c.cmd) AND (g.grantee = ANY (p.roles) OR 0::oid = ANY (p.roles)))
          AND EXISTS (SELECT FROM policy p WHERE p.relid = g.relid)
        GROUP BY g.relid, g.object, g.grantee_name",
    example: Example {
        object: "table public.invoices",
        triggers: "DROP POLICY tenancy_delete ON invoices;",
        clean: "DROP POLICY tenancy_delete ON invoices; REVOKE DELETE ON invoices FROM {prefix}_tenant;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN022",
    name: "several_permissive_policies",
    severity: Severity::Info,
    startup: false,
    finds: "Several permissive policies for the same role and command.",
    why: "They are joined with OR, so each row is tested by all of them, and the widest one wins.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0006_multiple_permissive_policies",
    query: "
        SELECT 'pg_class'::regclass, s.relid, s.object,
               format('%s has %s permissive policies for %s: %s', s.name, s.n,
                 string_agg(s.word, ', ' ORDER BY s.word), s.names), NULL
        FROM (
          SELECT h.oid AS relid, h.object, a.name, c.word, count(*) AS n,
                 string_agg(p.name, ', ' ORDER BY p.name) AS names
          FROM policy p JOIN holder h ON h.oid = p.relid
          JOIN app_role a ON a.oid = ANY (p.roles) OR 0::oid = ANY (p.roles)
          JOIN command c ON p.cmd IN ('*', c.cmd)
          WHERE p.permissive AND (p.qual IS NOT NULL OR p.chk IS NOT NULL)
          GROUP BY h.oid, h.object, a.name, c.word
          HAVING count(*) > 1 AND bool_and(p.reads_tested AND p.writes_tested)) s
        GROUP BY s.relid, s.object, s.name, s.n, s.names",
    example: Example {
        object: "table public.invoices",
        triggers: "
        CREATE POLICY mine ON invoices FOR SELECT TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()) AND total > 0);",
        clean: "
        DROP POLICY tenancy_select ON invoices;
        CREATE POLICY mine ON invoices FOR SELECT TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()) AND total > 0);",
    },
};

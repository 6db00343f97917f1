use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN008",
    name: "no_restrictive_wall",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table where a role of the application has no restrictive policy that \
            compares the tenant.",
    why: "Without one, any second permissive policy widens what the tenant sees, because \
            permissive policies are joined with OR.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, h.object,
               'no restrictive policy compares the tenant for '
                 || string_agg(DISTINCT g.name || ' (' || g.words || ')', ', '),
               format('DROP POLICY IF EXISTS tenancy_wall ON %s; '
                      'CREATE POLICY tenancy_wall ON %1$s AS RESTRICTIVE TO %s USING (%s);', h.label,
                 (SELECT string_agg(r.label, ', ' ORDER BY r.label) FROM our_role r
                  WHERE r.oid IS NOT NULL AND r.kind NOT IN ('admin', 'owner', 'analytics', 'staff', 'search')), h.test)
        FROM (SELECT relid, name, string_agg(word, ', ' ORDER BY word) AS words
              FROM gap WHERE kind IS NOT NULL GROUP BY relid, name) g
        JOIN holder h ON h.oid = g.relid
        WHERE EXISTS (SELECT FROM policy p WHERE p.relid = h.oid)
          AND NOT EXISTS (SELECT FROM loose l WHERE l.relid = h.oid AND l.unwalled)
        GROUP BY g.relid, h.object, h.label, h.test",
    example: Example {
        object: "table public.invoices",
        triggers: "DROP POLICY tenancy_wall ON invoices;",
        clean: "
        DROP POLICY tenancy_wall ON invoices;
        CREATE POLICY another_name ON invoices AS RESTRICTIVE FOR ALL
          USING (tenant_id = (SELECT tenancy.current_tenant()));
        DROP POLICY another_name ON invoices;
        CREATE POLICY one ON invoices AS RESTRICTIVE FOR ALL TO {prefix}_login, {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()));
        CREATE POLICY two ON invoices AS RESTRICTIVE FOR ALL TO {prefix}_shared, {prefix}_registry
          USING (tenant_id = (SELECT tenancy.current_tenant()));",
    },
};

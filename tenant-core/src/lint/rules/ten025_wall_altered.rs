use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

/// Policies are read as text, and what else a text may say is endless: `(…) IS NOT NULL` around the
/// comparison, or the row's own tenant inside of it. Of the wall it is known what it must say.
pub(super) const RULE: Rule = Rule {
    code: "TEN025",
    name: "wall_altered",
    severity: Severity::Error,
    startup: true,
    finds: "The restrictive policy that Isolation made, with another comparison than Isolation's.",
    why: "It keeps every other policy from widening what a tenant sees, and under its own name \
            nobody looks at it again.",
    source: "https://www.postgresql.org/docs/current/sql-alterpolicy.html",
    query: r"
        SELECT 'pg_policy'::regclass, p.oid, p.object,
               'it no longer begins with ' || p.col || ' = tenancy.current_tenant(): '
                 || coalesce(p.qual, p.chk, 'no expression'),
               p.mend
        FROM policy p
        WHERE p.name ~ '^tenancy_wall_[0-9a-f]{8}$' AND NOT (
          p.reads_held AND p.writes_held AND p.qual IS NOT NULL AND p.chk IS NOT NULL
          AND (SELECT bool_and(EXISTS (
                 SELECT FROM (VALUES
                   (format('%I = ( SELECT tenancy.current_tenant() AS current_tenant)', p.col)),
                   (format('%I = ANY (ARRAY( SELECT tenancy.current_tenants() AS current_tenants))', p.col)),
                   ((SELECT format('%I = tenancy.current_tenant()', p.col) FROM layout WHERE citus))
                 ) AS wanted (test)
                 WHERE starts_with(ltrim(said, '('), test)
                   AND substr(ltrim(said, '('), length(test) + 1) ~ '^\)+( AND |$)'))
               FROM unnest(ARRAY[p.qual, p.chk]) AS said))",
    example: Example {
        object: "policy tenancy_wall_00000000 on public.invoices",
        triggers: "
        -- also TEN008
        ALTER POLICY tenancy_wall ON invoices RENAME TO tenancy_wall_00000000;
        ALTER POLICY tenancy_wall_00000000 ON invoices
          USING ((tenant_id = (SELECT tenancy.current_tenant())) IS NOT NULL);",
        clean: "
        ALTER POLICY tenancy_wall ON invoices RENAME TO tenancy_wall_00000000;
        ALTER POLICY tenancy_wall_00000000 ON invoices
          USING (tenant_id = (SELECT tenancy.current_tenant()) AND total IS NOT NULL);",
    },
};

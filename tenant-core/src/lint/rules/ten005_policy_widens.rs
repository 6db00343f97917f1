use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN005",
    name: "policy_widens",
    severity: Severity::Error,
    startup: true,
    finds: "A permissive policy for the application that does not compare the tenant, with no \
            restrictive policy behind it.",
    why: "Permissive policies are joined with OR, so one that does not ask for the tenant \
            shows every tenant's rows.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: "
        SELECT 'pg_policy'::regclass, l.oid, l.object,
               'it lets rows in without comparing ' || quote_ident(l.col)
                 || ', and no restrictive policy stands behind it',
               l.mend
        FROM loose l WHERE l.unwalled",
    example: Example {
        object: "policy everything on public.invoices",
        triggers: "
        DROP POLICY tenancy_wall ON invoices;
        CREATE POLICY tenancy_wall ON invoices AS RESTRICTIVE FOR UPDATE TO {prefix}_login,
          {prefix}_tenant, {prefix}_shared, {prefix}_registry
          USING (tenant_id = (SELECT tenancy.current_tenant()));
        CREATE POLICY tenancy_wall_too ON invoices AS RESTRICTIVE FOR INSERT TO {prefix}_login,
          {prefix}_tenant, {prefix}_shared, {prefix}_registry
          WITH CHECK (tenant_id = (SELECT tenancy.current_tenant()));
        CREATE POLICY tenancy_wall_of_deletes ON invoices AS RESTRICTIVE FOR DELETE TO {prefix}_login,
          {prefix}_tenant, {prefix}_shared, {prefix}_registry
          USING (tenant_id = (SELECT tenancy.current_tenant()));
        CREATE POLICY everything ON invoices FOR SELECT TO {prefix}_tenant USING (total > 0);",
        clean: "
        CREATE POLICY everything ON invoices FOR SELECT TO {prefix}_tenant
          USING (total > 0 AND tenant_id = (SELECT tenancy.current_tenant()));",
    },
};

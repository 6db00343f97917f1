use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN011",
    name: "policy_without_expression",
    severity: Severity::Info,
    startup: false,
    finds: "A policy that has neither USING nor WITH CHECK.",
    why: "PostgreSQL takes it and leaves it out of every query, so it does nothing at all.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: "
        SELECT 'pg_policy'::regclass, p.oid, p.object, 'it has no expression, so it does nothing',
               format('DROP POLICY %I ON %s;', p.name, p.rel)
        FROM policy p WHERE p.qual IS NULL AND p.chk IS NULL",
    example: Example {
        object: "policy dead on public.invoices",
        triggers: "CREATE POLICY dead ON invoices FOR SELECT TO {prefix}_tenant;",
        clean: "
        CREATE POLICY alive ON invoices FOR SELECT TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()));",
    },
};

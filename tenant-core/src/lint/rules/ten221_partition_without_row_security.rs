use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN221",
    name: "partition_without_row_security",
    severity: Severity::Warning,
    startup: false,
    finds: "A partition or inheritance child of a tenant table without row security of its own.",
    why: "Nobody of the application may name it today; one GRANT, and nothing else stands \
            before all tenants' rows.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, h.oid, h.object, 'row security is off; its parent''s does not hold '
                 'queries that name it',
               format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', h.label)
        FROM holder h
        WHERE h.is_child AND NOT h.secured AND NOT EXISTS (SELECT FROM relation_grant g
          WHERE g.relid = h.oid AND g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))",
    example: Example {
        object: "table public.invoices_old",
        triggers: "
        DROP TABLE invoices;
        CREATE TABLE invoices (tenant_id uuid NOT NULL DEFAULT tenancy.current_tenant(), day date)
          PARTITION BY RANGE (day);
        CREATE TABLE invoices_old PARTITION OF invoices FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE INDEX ON invoices (tenant_id);
        ALTER TABLE invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenancy_rows ON invoices TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()));
        CREATE POLICY tenancy_wall ON invoices AS RESTRICTIVE TO {prefix}_login, {prefix}_tenant,
          {prefix}_shared, {prefix}_registry USING (tenant_id = (SELECT tenancy.current_tenant()));",
        clean: "CREATE TABLE plans_old () INHERITS (plans);",
    },
};

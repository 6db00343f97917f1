use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN220",
    name: "partition_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A partition or inheritance child of a tenant table that the application may use by \
            its own name.",
    why: "The child's own policies hold then, and somebody has to keep them the same as the \
            parent's.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, h.oid, h.object,
               string_agg(DISTINCT g.grantee_name, ', ') || ' may use it by its own name',
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', h.label, g.grantee_name), ' ')
        FROM holder h JOIN relation_grant g ON g.relid = h.oid
        WHERE h.is_child AND h.secured AND g.grantee <> 0
          AND g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        GROUP BY h.oid, h.object",
    example: Example {
        object: "table public.invoices_old",
        triggers: "
        DROP TABLE invoices;
        CREATE TABLE invoices (tenant_id uuid NOT NULL DEFAULT tenancy.current_tenant(), day date)
          PARTITION BY RANGE (day);
        CREATE TABLE invoices_old PARTITION OF invoices FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE INDEX ON invoices (tenant_id);
        ALTER TABLE invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        ALTER TABLE invoices_old ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenancy_rows ON invoices TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()));
        CREATE POLICY tenancy_wall ON invoices AS RESTRICTIVE TO {prefix}_login, {prefix}_tenant,
          {prefix}_shared, {prefix}_registry USING (tenant_id = (SELECT tenancy.current_tenant()));
        GRANT SELECT ON invoices_old TO {prefix}_tenant;",
        clean: "GRANT SELECT ON invoices TO {prefix}_tenant;",
    },
};

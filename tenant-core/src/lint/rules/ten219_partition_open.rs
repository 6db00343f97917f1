use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN219",
    name: "partition_open",
    severity: Severity::Error,
    startup: true,
    finds: "A partition or inheritance child of a tenant table that has no row security, and \
            that the application may use by its own name.",
    why: "A query that names the child asks none of the policies of its parent.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, h.oid, h.object,
               format('%s may use it, and it has no row security of its own',
                 string_agg(DISTINCT g.grantee_name, ', ')),
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', h.label, g.grantee_name), ' ')
                 || format(' ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', h.label)
        FROM holder h JOIN relation_grant g ON g.relid = h.oid
        WHERE h.is_child AND NOT h.secured
          AND g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        GROUP BY h.oid, h.object, h.label",
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
          {prefix}_shared, {prefix}_registry USING (tenant_id = (SELECT tenancy.current_tenant()));
        GRANT SELECT ON invoices_old TO {prefix}_tenant;",
        clean: "
        CREATE TABLE invoices_old (LIKE plans INCLUDING ALL);
        GRANT SELECT ON invoices_old TO {prefix}_tenant;",
    },
};

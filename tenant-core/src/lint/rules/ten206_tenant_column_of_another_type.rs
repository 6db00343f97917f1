use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN206",
    name: "tenant_column_of_another_type",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant column of another type than the tenants' key.",
    why: "Every comparison then needs a cast, which loses the index, or fails.",
    source: "https://www.postgresql.org/docs/current/typeconv-oper.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               format('its column %I is %s, but the key of the tenants is %s', t.col,
                 t.atttypid::regtype, l.key), NULL
        FROM tenant_table t, layout l WHERE t.attnum IS NOT NULL AND t.atttypid <> l.key",
    example: Example {
        object: "table public.invoices",
        triggers: "
        DROP TABLE invoices;
        CREATE TABLE invoices (tenant_id text NOT NULL DEFAULT tenancy.current_tenant());
        CREATE INDEX ON invoices (tenant_id);
        ALTER TABLE invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenancy_rows ON invoices TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()::text));
        CREATE POLICY tenancy_wall ON invoices AS RESTRICTIVE TO {prefix}_login, {prefix}_tenant,
          {prefix}_shared, {prefix}_registry USING (tenant_id = (SELECT tenancy.current_tenant()::text));",
        clean: "ALTER TABLE projects ALTER COLUMN name TYPE varchar(20);",
    },
};

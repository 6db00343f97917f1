use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN231",
    name: "tenants_that_are_equal",
    severity: Severity::Error,
    startup: true,
    finds: "A tenant column whose collation takes different texts for equal.",
    why: "Where `acme` equals `ACME`, each of the two tenants sees the other's rows, and every \
            policy is as it should be.",
    source: "https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC",
    query: "
        SELECT 'pg_class'::regclass, h.oid, h.object,
               format('its column %I has the collation %s, which is not deterministic', h.col,
                 c.oid::regcollation),
               NULL
        FROM holder h JOIN pg_attribute a ON a.attrelid = h.oid AND a.attnum = h.attnum
        JOIN pg_collation c ON c.oid = a.attcollation WHERE NOT c.collisdeterministic",
    example: Example {
        object: "table public.invoices",
        triggers: "
        -- also TEN206
        CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        DROP TABLE invoices;
        CREATE TABLE invoices (
          tenant_id text COLLATE any_case NOT NULL DEFAULT tenancy.current_tenant());
        CREATE INDEX ON invoices (tenant_id);
        ALTER TABLE invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenancy_rows ON invoices TO {prefix}_tenant
          USING (tenant_id = (SELECT tenancy.current_tenant()::text));
        CREATE POLICY tenancy_wall ON invoices AS RESTRICTIVE TO {prefix}_login, {prefix}_tenant,
          {prefix}_shared, {prefix}_registry USING (tenant_id = (SELECT tenancy.current_tenant()::text));",
        clean: "
        CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        ALTER TABLE projects ALTER COLUMN name TYPE text COLLATE any_case;",
    },
};

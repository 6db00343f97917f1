use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN204",
    name: "tenant_column_missing",
    severity: Severity::Error,
    startup: true,
    finds: "A tenant table without its tenant column.",
    why: "A row that does not say whose it is cannot be kept from anybody.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               format('it has no column %I', t.col),
               -- Which tenant its rows belong to, nobody but you can say.
               format('ALTER TABLE %s ADD COLUMN %I %s; '
                      'ALTER TABLE %1$s ALTER COLUMN %2$I SET DEFAULT tenancy.current_tenant();',
                 t.label, t.col, l.key)
        FROM tenant_table t, layout l WHERE t.attnum IS NULL",
    example: Example {
        object: "table public.invoices",
        triggers: "
        ALTER TABLE invoices DROP COLUMN tenant_id CASCADE;
        CREATE POLICY tenancy_wall ON invoices AS RESTRICTIVE FOR ALL TO {prefix}_login,
          {prefix}_tenant, {prefix}_shared, {prefix}_registry USING (EXISTS (SELECT FROM projects
            WHERE projects.id = project_id AND projects.tenant_id = (SELECT tenancy.current_tenant())));
        CREATE POLICY tenancy_rows ON invoices FOR ALL TO {prefix}_tenant USING (EXISTS (SELECT
            FROM projects WHERE projects.id = project_id AND projects.tenant_id =
              (SELECT tenancy.current_tenant())));",
        clean: "ALTER TABLE plans ADD COLUMN region text;",
    },
};

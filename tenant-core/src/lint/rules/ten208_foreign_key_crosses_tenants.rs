use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN208",
    name: "foreign_key_crosses_tenants",
    severity: Severity::Warning,
    startup: false,
    finds: "A foreign key between tenant tables that does not include the tenant.",
    why: "Foreign keys ask no policy: a row can refer to another tenant's, and whether that \
            works tells which keys exist.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_constraint'::regclass, f.oid, f.object,
               'it refers to ' || f.parent || ' without comparing the tenant', f.mend
        FROM crossing_key f WHERE NOT f.changes",
    example: Example {
        object: "constraint by_id on public.invoices",
        triggers: "ALTER TABLE invoices ADD CONSTRAINT by_id FOREIGN KEY (project_id) REFERENCES projects (id);",
        clean: "
        ALTER TABLE invoices ADD CONSTRAINT by_both FOREIGN KEY (project_id, tenant_id)
          REFERENCES projects (id, tenant_id);",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN228",
    name: "foreign_key_not_validated",
    severity: Severity::Info,
    startup: false,
    finds: "A foreign key or check of a tenant table that was never validated.",
    why: "Rows from before it may refer to another tenant's, and nothing has looked.",
    source: "https://www.postgresql.org/docs/current/sql-altertable.html",
    query: "
        SELECT 'pg_constraint'::regclass, c.oid, format('constraint %I on %s', c.conname, h.label),
               'it is NOT VALID',
               format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', h.label, c.conname)
        FROM pg_constraint c JOIN holder h ON h.oid = c.conrelid
        WHERE c.contype IN ('f', 'c') AND NOT c.convalidated",
    example: Example {
        object: "constraint by_both on public.invoices",
        triggers: "
        ALTER TABLE invoices ADD CONSTRAINT by_both FOREIGN KEY (project_id, tenant_id)
          REFERENCES projects (id, tenant_id) NOT VALID;",
        clean: "
        ALTER TABLE invoices ADD CONSTRAINT by_both FOREIGN KEY (project_id, tenant_id)
          REFERENCES projects (id, tenant_id);",
    },
};

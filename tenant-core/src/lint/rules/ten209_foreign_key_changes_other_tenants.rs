use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN209",
    name: "foreign_key_changes_other_tenants",
    severity: Severity::Error,
    startup: false,
    finds: "A foreign key between tenant tables, without the tenant, that cascades or sets \
            columns.",
    why: "Foreign keys ask no policy: deleting one tenant's row deletes or changes the rows of \
            another that refer to it.",
    source: "https://www.postgresql.org/docs/current/ddl-constraints.html",
    query: "
        SELECT 'pg_constraint'::regclass, f.oid, f.object,
               'it refers to ' || f.parent || ' without comparing the tenant, and changes rows', f.mend
        FROM crossing_key f WHERE f.changes",
    example: Example {
        object: "constraint by_id on public.invoices",
        triggers: "
        ALTER TABLE invoices ADD CONSTRAINT by_id FOREIGN KEY (project_id)
          REFERENCES projects (id) ON DELETE CASCADE;",
        clean: "
        ALTER TABLE invoices ADD CONSTRAINT by_both FOREIGN KEY (project_id, tenant_id)
          REFERENCES projects (id, tenant_id) ON DELETE CASCADE;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN210",
    name: "shared_row_refers_to_a_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "A foreign key from a shared table to a tenant table.",
    why: "A row that all tenants see then tells of, and hangs on, a row that belongs to one.",
    source: "https://www.postgresql.org/docs/current/ddl-constraints.html",
    query: "
        SELECT 'pg_constraint'::regclass, c.oid, format('constraint %I on %s', c.conname, s.label),
               'a shared table refers to ' || h.label || ', which is a tenant''s',
               format('ALTER TABLE %s DROP CONSTRAINT %I;', s.label, c.conname)
        FROM pg_constraint c JOIN shared_table s ON s.oid = c.conrelid
        JOIN holder h ON h.oid = c.confrelid
        WHERE c.contype = 'f'",
    example: Example {
        object: "constraint of_a_project on public.plans",
        triggers: "
        ALTER TABLE plans ADD COLUMN project uuid,
          ADD CONSTRAINT of_a_project FOREIGN KEY (project) REFERENCES projects (id);",
        clean: "
        ALTER TABLE invoices ADD COLUMN plan int,
          ADD CONSTRAINT of_a_plan FOREIGN KEY (plan) REFERENCES plans (id);",
    },
};

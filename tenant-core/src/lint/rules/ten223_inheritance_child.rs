use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN223",
    name: "inheritance_child",
    severity: Severity::Info,
    startup: false,
    finds: "A table that inherits from a tenant table without being a partition.",
    why: "Neither the unique keys nor the foreign keys of the parent hold in it.",
    source: "https://www.postgresql.org/docs/current/ddl-inherit.html",
    query: "
        SELECT 'pg_class'::regclass, c.oid, c.object,
               'it inherits from ' || t.label || ': a partition would have its keys', NULL
        FROM child c JOIN tenant_table t ON t.oid = c.root
        WHERE NOT c.is_partition AND c.kind = 'r'",
    example: Example {
        object: "table public.invoices_old",
        triggers: "
        CREATE TABLE invoices_old () INHERITS (invoices);
        ALTER TABLE invoices_old ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        clean: "CREATE TABLE plans_old () INHERITS (plans);",
    },
};

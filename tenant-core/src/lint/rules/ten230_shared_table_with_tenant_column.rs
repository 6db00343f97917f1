use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN230",
    name: "shared_table_with_tenant_column",
    severity: Severity::Warning,
    startup: false,
    finds: "A table that is declared as shared and has the tenant column.",
    why: "It looks like a tenant's table that was put into the wrong group, where every tenant \
            reads all of it.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, s.oid, s.object,
               format('it is declared as shared, and has the column %I', a.attname), NULL
        FROM shared_table s
        JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE a.attname IN (SELECT col FROM declared WHERE col IS NOT NULL)",
    example: Example {
        object: "table public.plans",
        triggers: "ALTER TABLE plans ADD COLUMN tenant_id uuid;",
        clean: "ALTER TABLE plans ADD COLUMN tenants int;",
    },
};

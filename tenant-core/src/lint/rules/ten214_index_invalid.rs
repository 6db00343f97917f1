use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN214",
    name: "index_invalid",
    severity: Severity::Warning,
    startup: false,
    finds: "An index of a tenant table that is not valid.",
    why: "A build that failed leaves an index that every write keeps up, and no query uses.",
    source: "https://www.postgresql.org/docs/current/sql-createindex.html",
    query: "
        SELECT 'pg_class'::regclass, i.oid, 'index ' || i.label, 'it is not valid, and so never used',
               format('REINDEX INDEX %s;', i.label)
        FROM index_ i WHERE NOT i.is_valid",
    example: Example {
        object: "index public.invoices_by_total",
        triggers: "
        CREATE INDEX invoices_by_total ON invoices (tenant_id, project_id, total);
        SET LOCAL allow_system_table_mods = on;
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'invoices_by_total'::regclass;",
        clean: "CREATE INDEX invoices_by_total ON invoices (tenant_id, project_id, total);",
    },
};

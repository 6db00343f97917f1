use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN202",
    name: "undeclared_table_with_tenant_column",
    severity: Severity::Warning,
    startup: false,
    finds: "A table of the application's schemas that has the tenant column and is not declared.",
    why: "It looks like a tenant's table and has none of the walls of one.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, r.oid, r.object,
               format('it has the column %I, but is not declared', a.attname), NULL
        FROM relation r
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE r.kind IN ('r', 'p', 'f') AND r.declared IS NULL
          AND r.schema IN (SELECT oid FROM app_schema) AND r.nspname <> 'tenancy'
          AND a.attname IN (SELECT col FROM declared WHERE col IS NOT NULL)
          AND NOT EXISTS (SELECT FROM child c WHERE c.oid = r.oid)
          AND NOT EXISTS (SELECT FROM extension_member e
                          WHERE e.classid = 'pg_class'::regclass AND e.objid = r.oid)
          AND (r.secured OR NOT EXISTS (SELECT FROM relation_grant g WHERE g.relid = r.oid
            AND g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
            AND g.grantee_kind IS DISTINCT FROM 'registry'))",
    example: Example {
        object: "table public.notes",
        triggers: "CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid);",
        clean: "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (id int PRIMARY KEY, tenant_id uuid);",
    },
};

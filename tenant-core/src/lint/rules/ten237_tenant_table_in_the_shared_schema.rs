use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN237",
    name: "tenant_table_in_the_shared_schema",
    severity: Severity::Error,
    startup: true,
    finds: "A relation in the layout's shared schema that is called as a tenant table.",
    why: "A tenant with a schema of its own looks there, too: where its own table is missing, it would \
          read and write this one.",
    source: "https://www.postgresql.org/docs/current/ddl-schemas.html",
    query: "
        SELECT 'pg_class'::regclass, r.oid, r.object,
               'it is in the shared schema, and a tenant table is called so: move it elsewhere, or take another \
shared schema', NULL
        FROM relation r JOIN shared_schema_name s ON s.name = r.nspname
        JOIN pg_class c ON c.oid = r.oid
        JOIN declared d ON d.kind = 'tenant' AND d.name = c.relname",
    example: Example {
        object: "table common.invoices",
        triggers: "-- shared schema; also TEN120, TEN201
        CREATE SCHEMA common; CREATE TABLE common.invoices (id int);",
        clean: "-- shared schema; also TEN120, TEN201
        CREATE SCHEMA common; CREATE TABLE common.currencies (id int);",
    },
};

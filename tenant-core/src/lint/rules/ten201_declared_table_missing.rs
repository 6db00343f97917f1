use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN201",
    name: "declared_table_missing",
    severity: Severity::Warning,
    startup: false,
    finds: "A declared table that the database does not have.",
    why: "A name that is misspelt in the declaration leaves the real table without its walls.",
    source: "https://www.postgresql.org/docs/current/ddl-schemas.html",
    query: "
        SELECT 0, 0, 'table ' || format('%I.%I', d.schema, d.name),
               'it is declared, but the database has no such table', NULL
        FROM declared d
        WHERE NOT EXISTS (SELECT FROM relation r WHERE r.nspname = d.schema
          AND r.label = format('%I.%I', d.schema, d.name))",
    example: Example {
        object: "table public.projects",
        triggers: "
        ALTER TABLE projects RENAME TO projets; ALTER TABLE projets RENAME COLUMN tenant_id TO owner;
        REVOKE ALL ON projets FROM {prefix}_tenant;",
        clean: "ALTER TABLE projects RENAME TO projets; ALTER TABLE projets RENAME TO projects;",
    },
};

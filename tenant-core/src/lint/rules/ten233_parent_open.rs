use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN233",
    name: "parent_open",
    severity: Severity::Error,
    startup: true,
    finds: "A table without row security that a tenant table is a partition or an inheritance \
            child of, and that the application may use.",
    why: "A query that names the parent reads the child's rows, and asks the parent's policies only.",
    source: "https://www.postgresql.org/docs/current/ddl-inherit.html",
    query: "
        WITH RECURSIVE ancestor (oid, heir) AS (
          SELECT i.inhparent, h.oid FROM holder h JOIN pg_inherits i ON i.inhrelid = h.oid
          UNION
          SELECT i.inhparent, a.heir FROM ancestor a JOIN pg_inherits i ON i.inhrelid = a.oid
        ),
        usable AS (
          SELECT relid, label, object, grantee_name, privilege FROM relation_grant
          UNION ALL
          SELECT relid, label, object, grantee_name, privilege FROM column_grant
        )
        SELECT 'pg_class'::regclass, r.oid, r.object,
               format('%s, and with it %s', string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', '),
                 string_agg(DISTINCT h.label, ', ')),
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name), ' ')
        FROM ancestor a JOIN relation r ON r.oid = a.oid JOIN holder h ON h.oid = a.heir
        JOIN usable g ON g.relid = r.oid AND g.privilege IN ('SELECT', 'UPDATE', 'DELETE')
        WHERE NOT r.secured AND r.oid NOT IN (SELECT oid FROM holder)
        GROUP BY r.oid, r.object",
    example: Example {
        object: "table archive.everything",
        triggers: "
        CREATE SCHEMA archive;
        CREATE TABLE archive.everything (total numeric);
        ALTER TABLE invoices INHERIT archive.everything;
        GRANT SELECT ON archive.everything TO {prefix}_tenant;",
        clean: "
        CREATE SCHEMA archive;
        CREATE TABLE archive.everything (total numeric);
        ALTER TABLE invoices INHERIT archive.everything;
        GRANT SELECT ON archive.everything TO {prefix}_admin;",
    },
};

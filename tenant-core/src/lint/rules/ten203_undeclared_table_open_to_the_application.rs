use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN203",
    name: "undeclared_table_open_to_the_application",
    severity: Severity::Error,
    startup: false,
    finds: "A table with the tenant column that is not declared, has no row security, and that \
            the application may use.",
    why: "Every tenant that reaches it sees the rows of all.",
    source: "https://supabase.com/docs/guides/database/database-advisors?lint=0013_rls_disabled_in_public",
    query: "
        SELECT 'pg_class'::regclass, r.oid, r.object,
               format('it has the column %I and no row security, and %s', a.attname,
                 string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', ')),
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name), ' ')
        FROM relation r
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN relation_grant g ON g.relid = r.oid
          AND g.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
          AND g.grantee_kind IS DISTINCT FROM 'registry'
        WHERE r.kind IN ('r', 'p', 'f') AND r.declared IS NULL AND NOT r.secured
          AND r.nspname <> 'tenancy'
          AND (r.schema IN (SELECT oid FROM app_schema) OR r.schema IN (SELECT oid FROM open_schema))
          AND a.attname IN (SELECT col FROM declared WHERE col IS NOT NULL)
          AND NOT EXISTS (SELECT FROM child c WHERE c.oid = r.oid)
          AND NOT EXISTS (SELECT FROM extension_member e
                          WHERE e.classid = 'pg_class'::regclass AND e.objid = r.oid)
        GROUP BY r.oid, r.object, a.attname",
    example: Example {
        object: "table public.notes",
        triggers: "
        CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid);
        GRANT SELECT ON notes TO {prefix}_tenant;",
        clean: "
        CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid);
        GRANT SELECT ON notes TO {prefix}_admin;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN120",
    name: "undeclared_relation_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A table or view of the application's schemas that is not declared, and that the \
            application may use.",
    why: "What nobody declared nobody decided about: it has no policy, and the types do not \
            know it.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', ')
                 || ', but it is not declared',
               string_agg(DISTINCT format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name), ' ')
        FROM relation_grant g
        WHERE g.declared IS NULL AND NOT g.holds AND g.kind IN ('r', 'p', 'f')
          AND g.schema IN (SELECT oid FROM app_schema)
          AND coalesce(g.grantee_kind, '') NOT IN ('single', 'login')
          AND NOT EXISTS (SELECT FROM child c WHERE c.oid = g.relid)
          AND NOT EXISTS (SELECT FROM extension_member e
                          WHERE e.classid = 'pg_class'::regclass AND e.objid = g.relid)
          AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = g.relid AND a.attnum > 0
            AND NOT a.attisdropped AND a.attname IN (SELECT col FROM declared WHERE col IS NOT NULL))
        GROUP BY g.relid, g.object",
    example: Example {
        object: "table public.notes",
        triggers: "CREATE TABLE notes (id int PRIMARY KEY); GRANT SELECT ON notes TO {prefix}_tenant;",
        clean: "CREATE TABLE notes (id int PRIMARY KEY); GRANT SELECT ON notes TO {prefix}_admin;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN418",
    name: "statement_statistics_readable",
    severity: Severity::Info,
    startup: false,
    finds: "Statistics of statements (pg_stat_statements) that the application may read.",
    why: "They show the statements of all tenants, and the literals of those that are not \
            normalised.",
    source: "https://www.postgresql.org/docs/current/pgstatstatements.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(DISTINCT g.grantee_name, ', ') || ' may read it',
               format('REVOKE SELECT ON %s FROM %s;', g.label, string_agg(DISTINCT g.grantee_name, ', '))
        FROM relation_grant g JOIN extension_member e
          ON e.classid = 'pg_class'::regclass AND e.objid = g.relid
        WHERE g.kind = 'v' AND g.privilege = 'SELECT'
          AND split_part(g.label, '.', 2) = 'pg_stat_statements'
          AND g.schema IN (SELECT oid FROM open_schema)
        GROUP BY g.relid, g.object, g.label",
    example: Example {
        object: "view public.pg_stat_statements",
        triggers: "CREATE EXTENSION pg_stat_statements;",
        clean: "CREATE EXTENSION pg_stat_statements; REVOKE SELECT ON pg_stat_statements FROM PUBLIC;",
    },
};

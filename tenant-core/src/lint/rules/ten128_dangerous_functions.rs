use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN128",
    name: "dangerous_functions",
    severity: Severity::Warning,
    startup: false,
    finds: "A function that reaches outside of the transaction, and that the application may \
            call.",
    why: "It reads files, opens a second session, or writes elsewhere, where this \
            transaction's role and tenant do not count.",
    source: "https://www.postgresql.org/docs/current/functions-admin.html",
    query: "
        SELECT 'pg_proc'::regclass, p.oid, 'function ' || p.oid::regprocedure,
               string_agg(g.name, ', ' ORDER BY g.name) || ' may call it',
               format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', p.oid::regprocedure,
                 string_agg(g.name, ', '))
        FROM pg_proc p
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        JOIN grantee g ON g.oid = a.grantee
        WHERE (p.pronamespace = 'pg_catalog'::regnamespace
            AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file',
              'lo_import', 'lo_export', 'pg_reload_conf', 'pg_rotate_logfile'))
          OR (p.oid IN (SELECT objid FROM extension_member WHERE classid = 'pg_proc'::regclass)
            AND p.proname ~ '^(dblink|dblink_exec|dblink_connect|dblink_connect_u|dblink_open|dblink_send_query|http|http_get|http_post|pg_file_.*)$'
            AND p.pronamespace IN (SELECT oid FROM open_schema))
        GROUP BY p.oid",
    example: Example {
        object: "function pg_read_file(text)",
        triggers: "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {prefix}_tenant;",
        clean: "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {prefix}_admin;",
    },
};

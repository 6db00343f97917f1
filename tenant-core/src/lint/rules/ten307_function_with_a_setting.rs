use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN307",
    name: "function_with_a_setting",
    severity: Severity::Warning,
    startup: false,
    finds: "A function that the application may call and whose definition sets the tenant, the \
            role or row_security.",
    why: "As long as it runs, and in whatever it calls, another tenant or role counts than the \
            one the transaction was opened for.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label,
               f.callers || ' may call it, and it runs with ' || string_agg(s, ', '),
               string_agg(format('ALTER %s %s RESET %s;', f.word, f.label, split_part(s, '=', 1)), ' ')
        FROM routine f CROSS JOIN unnest(f.config) s CROSS JOIN layout l
        WHERE f.callers IS NOT NULL AND f.nspname <> 'tenancy'
          AND split_part(s, '=', 1) IN (l.setting, 'role', 'row_security', 'session_replication_role',
            'session_authorization')
        GROUP BY f.oid, f.label, f.callers, f.word",
    example: Example {
        object: "function public.report()",
        triggers: "
        CREATE FUNCTION report() RETURNS bigint LANGUAGE sql SET search_path = pg_catalog
          SET app.current_tenant_id = '00000000-0000-0000-0000-000000000001'
          AS 'SELECT count(*) FROM public.invoices';",
        clean: "
        CREATE FUNCTION report() RETURNS bigint LANGUAGE sql SET search_path = pg_catalog
          SET work_mem = '64MB' AS 'SELECT count(*) FROM public.invoices';",
    },
};

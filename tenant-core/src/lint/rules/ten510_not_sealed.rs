use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN510",
    name: "not_sealed",
    severity: Severity::Error,
    startup: true,
    finds: "A database that believes any tenant that is set, though the layout says that tenants \
            are sealed; and where the server guards what was opened, a role of the application that may \
            set that, or an owner that may not.",
    why: "The application then signs what nobody verifies, and injected SQL can switch the tenant \
            of its transaction.",
    source: "https://www.postgresql.org/docs/current/runtime-config-custom.html",
    query: r#"
        WITH guarded AS (
          -- One that believes the parameter, and nothing else that can be set.
          SELECT f.oid, 'backtrace_functions' AS parameter FROM layout l, our_current f JOIN our_text t ON t.oid = f.oid
          WHERE l.sealed AND t.said ~ ' current_setting \( ''guard'' (: : (pg_catalog \. )?[a-z"]+ )?[,)]' AND t.said !~ ' current_setting \( (?!''guard'')| auth \. jwt \( '
        )
        SELECT 'pg_namespace'::regclass, n.oid, 'function tenancy.current_tenant()',
               'it asks for no seal: apply Isolation with Layout::binding(Binding::Sealed), or Binding::Guarded', NULL
        FROM layout l JOIN pg_namespace n ON n.nspname = 'tenancy'
        WHERE l.sealed AND (
          SELECT count(*) FROM pg_proc p WHERE p.pronamespace = n.oid AND p.prosecdef
            AND (p.proname = 'open' OR p.proname = 'current_tenant'
              AND p.prosrc ~ 'tenancy\.seal_keys')) < 2
          AND NOT EXISTS (SELECT FROM guarded)
        UNION ALL
        SELECT 'pg_proc'::regclass, g.oid, 'function tenancy.current_tenant()',
               string_agg(format('%s may set %s, which keeps what was opened', a.name, g.parameter), ', '),
               string_agg(format('REVOKE SET ON PARAMETER %s FROM %s;', g.parameter, a.name), ' ')
        FROM guarded g JOIN app_role a ON has_parameter_privilege(a.oid, g.parameter, 'SET')
        GROUP BY g.oid
        UNION ALL
        -- A right on a parameter is the server's, and in no dump of the database.
        SELECT 'pg_proc'::regclass, p.oid, 'function tenancy.open()',
               format('its owner may not set %s, so it opens nothing', g.parameter),
               format('GRANT SET ON PARAMETER %s TO %I;', g.parameter, pg_get_userbyid(p.proowner))
        FROM guarded g JOIN pg_proc p ON p.proname = 'open'
        JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'tenancy'
        WHERE NOT has_parameter_privilege(p.proowner, g.parameter, 'SET')"#,
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "-- sealed",
        clean: "SELECT 1",
    },
};

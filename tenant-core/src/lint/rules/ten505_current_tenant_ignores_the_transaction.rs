use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN505",
    name: "current_tenant_ignores_the_transaction",
    severity: Severity::Error,
    startup: true,
    finds: "A tenancy.current_tenant() or current_tenants() that reads neither the layout's setting, nor a \
            token's claims, nor what keeps a seal, each by its name in PostgreSQL's own current_setting, or \
            that sets them itself. \
            Only SQL and PL/pgSQL can be read, and only what they read: not what they make of it.",
    why: "It then answers the same for every transaction, or what somebody else sets.",
    source: "https://www.postgresql.org/docs/current/functions-admin.html",
    query: r#"
        SELECT 'pg_proc'::regclass, f.oid, f.object,
               CASE WHEN c.setting IS NOT NULL THEN 'it runs with ' || c.setting
                 WHEN t.said ~ ' set_config \( ' THEN 'it changes settings: apply the isolation again'
                 ELSE format('its text does not read the setting %s with pg_catalog.current_setting: '
                             'apply the isolation again', l.setting) END,
               'ALTER ' || f.object || ' RESET ' || split_part(c.setting, '=', 1) || ';'
        FROM our_answer f CROSS JOIN layout l LEFT JOIN our_text t ON t.oid = f.oid
        CROSS JOIN LATERAL (SELECT min(s) AS setting FROM unnest(f.config) s
          WHERE lower(split_part(s, '=', 1)) IN (lower(l.setting), 'backtrace_functions') OR s ~* '^request\.jwt') c
        -- Another function of that name, where the path could lead to it.
        CROSS JOIN LATERAL (SELECT count(*) > 0 AND NOT f.looked_up AS shadowed
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE p.proname = 'current_setting' AND n.nspname <> 'pg_catalog' AND (f.path IS NULL
            OR strpos(f.path, replace(n.nspname, '"', '""')) > 0 OR strpos(f.path, '$user') > 0)) p
        CROSS JOIN LATERAL (SELECT format('(^|[^.]) %scurrent_setting \( ''(=|jwt|guard)'' (: : (pg_catalog \. )?[a-z"]+ )?[,)]',
          CASE WHEN p.shadowed THEN 'pg_catalog \. ' ELSE '(pg_catalog \. )?' END) AS text) reads
        WHERE c.setting IS NOT NULL OR t.said ~ ' set_config \( ' OR (t.said ~ reads.text
          OR t.said ~ '(^|[^.]) auth \. jwt \( '
          OR f.name = 'current_tenant' AND t.said ~ '(^|[^.]) tenancy \. current_tenants \( '
            AND EXISTS (SELECT FROM our_answer m WHERE m.name = 'current_tenants')) IS NOT TRUE"#,
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "
        CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE
          SET search_path = pg_catalog, pg_temp
          AS 'BEGIN RETURN ''00000000-0000-0000-0000-000000000001''::uuid; END';",
        clean: "
        CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE
          SET search_path = pg_catalog, pg_temp
          AS 'BEGIN RETURN current_setting(''app.current_tenant_id'')::uuid; END';",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN505",
    name: "current_tenant_ignores_the_transaction",
    severity: Severity::Error,
    startup: true,
    finds: "A tenancy.current_tenant() that reads neither the layout's setting nor anything of \
            ours.",
    why: "It then answers the same for every transaction, or what somebody else sets.",
    source: "https://www.postgresql.org/docs/current/functions-admin.html",
    query: r"
        SELECT 'pg_proc'::regclass, f.oid, 'function tenancy.current_tenant()',
               format('its text does not name the setting %s: apply the isolation again', l.setting), NULL
        FROM our_current f, layout l
        WHERE strpos(f.source, '''' || l.setting || '''') = 0
          AND f.source !~ '\mtenancy\.(?!no_tenant\M)[a-z_]+' AND f.source !~ '\m(request\.jwt|auth\.jwt)'",
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

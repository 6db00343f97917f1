use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN306",
    name: "function_sets_the_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "A function that the application may call and that changes settings or the role.",
    why: "Whoever calls it with a value from outside switches the tenant of its transaction.",
    source: "https://www.postgresql.org/docs/current/functions-admin.html",
    query: r"
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label,
               f.callers || ' may call it, and its text has '
                 || (regexp_match(f.source, '\m(set_config|(?:SET|RESET)\s+(?:LOCAL\s+|SESSION\s+)?(?:ROLE|row_security|SESSION\s+AUTHORIZATION))\M', 'i'))[1],
               format('REVOKE EXECUTE ON %s %s FROM %s;', f.word, f.label, f.callers)
        FROM routine f
        WHERE f.callers IS NOT NULL AND f.nspname <> 'tenancy'
          AND f.source ~* '\m(set_config|(SET|RESET)\s+(LOCAL\s+|SESSION\s+)?(ROLE|row_security|SESSION\s+AUTHORIZATION))\M'",
    example: Example {
        object: "function public.become(text)",
        triggers: "
        CREATE FUNCTION become(tenant text) RETURNS text LANGUAGE sql SET search_path = pg_catalog
          AS 'SELECT set_config(''app.current_tenant_id'', tenant, true)';",
        clean: "
        CREATE FUNCTION become(tenant text) RETURNS text LANGUAGE sql SET search_path = pg_catalog
          AS 'SELECT set_config(''app.current_tenant_id'', tenant, true)';
        REVOKE ALL ON FUNCTION become(text) FROM PUBLIC;",
    },
};

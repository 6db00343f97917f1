use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN504",
    name: "current_tenant_without_search_path",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenancy.current_tenant() without a fixed search_path that ends in pg_temp, whose names, or \
            those of a function that it calls, are looked up when it is called.",
    why: "Whoever chooses the path chooses what the names in it mean, and so whose rows are \
            shown.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: r#"
        SELECT 'pg_proc'::regclass, f.oid, 'function tenancy.current_tenant()',
               coalesce('it runs with ' || f.path, 'its search_path is not fixed'),
               'ALTER FUNCTION tenancy.current_tenant() SET search_path = pg_catalog, pg_temp;'
        FROM our_current f
        WHERE NOT f.looked_up
          AND (f.path ~ '^search_path="?pg_catalog"?(, *"?tenancy"?)?, *"?pg_temp"?$') IS NOT TRUE
        UNION ALL
        -- A text whose names are looked up fixes what it calls, and no path for that.
        SELECT 'pg_proc'::regclass, f.oid, 'function tenancy.current_tenant()',
               format('it calls %s, whose search_path is not fixed', r.label),
               format('ALTER %s %s SET search_path = pg_catalog, pg_temp;', r.word, r.label)
        FROM (
          WITH RECURSIVE below (oid) AS (
            SELECT oid FROM our_current WHERE looked_up AND path IS NULL
            UNION
            SELECT r.oid FROM below b
            JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = b.oid
              AND d.refclassid = 'pg_proc'::regclass
            JOIN routine r ON r.oid = d.refobjid AND r.nspname <> 'auth'
            WHERE NOT EXISTS (SELECT FROM unnest(r.config) s WHERE s LIKE 'search\_path=%')
          )
          SELECT oid FROM below) b
        JOIN routine r ON r.oid = b.oid CROSS JOIN our_current f
        WHERE NOT r.looked_up AND r.language NOT IN ('c', 'internal')"#,
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "
        CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE sql STABLE
          AS 'SELECT current_setting(''app.current_tenant_id'')::uuid';",
        clean: "
        CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE sql STABLE
          RETURN current_setting('app.current_tenant_id')::uuid;",
    },
};

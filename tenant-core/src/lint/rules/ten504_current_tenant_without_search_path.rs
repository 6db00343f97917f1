use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN504",
    name: "current_tenant_without_search_path",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenancy.current_tenant() without a fixed search_path that ends in pg_temp, whose names are \
            looked up when it is called.",
    why: "Whoever chooses the path chooses what the names in it mean, and so whose rows are \
            shown.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: r#"
        SELECT 'pg_proc'::regclass, f.oid, 'function tenancy.current_tenant()',
               coalesce('it runs with ' || (SELECT s FROM unnest(f.config) s WHERE s LIKE 'search\_path=%'),
                 'its search_path is not fixed'),
               'ALTER FUNCTION tenancy.current_tenant() SET search_path = pg_catalog, pg_temp;'
        FROM our_current f
        WHERE NOT f.looked_up AND NOT EXISTS (SELECT FROM unnest(f.config) s
                          WHERE s ~ '^search_path="?pg_catalog"?(, *"?tenancy"?)?, *"?pg_temp"?$')"#,
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

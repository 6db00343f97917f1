use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN509",
    name: "current_tenant_of_another_type",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenancy.current_tenant() of another type than the tenants' key.",
    why: "Each comparison with a tenant column then needs a cast, which loses the index, or \
            fails.",
    source: "https://www.postgresql.org/docs/current/typeconv-oper.html",
    query: "
        SELECT 'pg_proc'::regclass, f.oid, 'function tenancy.current_tenant()',
               format('it returns %s, but the key of the tenants is %s', f.prorettype::regtype, l.key),
               NULL
        FROM our_current f, layout l WHERE f.prorettype <> l.key",
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "
        -- also TEN201
        DROP TABLE invoices, projects; DROP FUNCTION tenancy.current_tenant();
        CREATE FUNCTION tenancy.current_tenant() RETURNS text LANGUAGE plpgsql STABLE
          SET search_path = pg_catalog, pg_temp
          AS 'BEGIN RETURN current_setting(''app.current_tenant_id''); END';",
        clean: "COMMENT ON FUNCTION tenancy.current_tenant() IS 'returns uuid';",
    },
};

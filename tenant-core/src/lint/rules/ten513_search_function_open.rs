use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN513",
    name: "search_function_open",
    severity: Severity::Error,
    startup: false,
    finds: "A search function that somebody else than the tenant's role may call, that runs as \
            somebody else than its role, or with the caller's search_path.",
    why: "It reads past the policies, and only these three keep what it does to one tenant and one \
            question.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label, string_agg(m.what, ', ' ORDER BY m.what),
               string_agg(m.mend, ' ' ORDER BY m.what)
        FROM routine f JOIN pg_proc p ON p.oid = f.oid, LATERAL (
          SELECT coalesce(r.rolname::text, 'everybody') || ' may call it' AS what,
                 format('REVOKE ALL ON FUNCTION %s FROM %s;', f.label, coalesce(quote_ident(r.rolname), 'PUBLIC')) AS mend
          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
          LEFT JOIN pg_roles r ON r.oid = x.grantee
          WHERE x.grantee <> p.proowner AND x.grantee NOT IN (SELECT oid FROM our_role WHERE kind = 'tenant' AND oid IS NOT NULL)
          UNION ALL
          SELECT 'it runs as ' || f.owner::regrole, format('ALTER FUNCTION %s OWNER TO %s;', f.label, s.label)
          FROM our_role s WHERE s.kind = 'search' AND s.oid <> f.owner
          UNION ALL
          SELECT 'its search_path is the caller''s', format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp;', f.label)
          WHERE NOT EXISTS (SELECT FROM unnest(f.config) c WHERE c IN ('search_path=pg_catalog, pg_temp', 'search_path=pg_catalog'))
        ) m
        WHERE f.nspname = 'tenancy' AND f.definer AND starts_with(p.proname::text, 'search_')
        GROUP BY f.oid, f.label",
    example: Example {
        object: "function tenancy.search_all()",
        triggers: "
        CREATE FUNCTION tenancy.search_all() RETURNS void LANGUAGE sql SECURITY DEFINER
          SET search_path = pg_catalog, pg_temp AS '';",
        clean: "
        CREATE FUNCTION tenancy.search_all() RETURNS void LANGUAGE sql SECURITY DEFINER
          SET search_path = pg_catalog, pg_temp AS '';
        REVOKE ALL ON FUNCTION tenancy.search_all() FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION tenancy.search_all() TO {prefix}_tenant;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN125",
    name: "large_objects_can_be_made",
    severity: Severity::Warning,
    startup: false,
    finds: "A function that makes or writes large objects, and that the application may call.",
    why: "Large objects belong to no table, so no policy covers what a tenant puts there.",
    source: "https://www.postgresql.org/docs/current/lo-funcs.html",
    query: "
        SELECT 'pg_proc'::regclass, p.oid, 'function ' || p.oid::regprocedure,
               string_agg(g.name, ', ' ORDER BY g.name) || ' may call it',
               format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', p.oid::regprocedure,
                 string_agg(g.name, ', '))
        FROM pg_proc p
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        JOIN grantee g ON g.oid = a.grantee
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite')
        GROUP BY p.oid",
    example: Example {
        object: "function lo_create(oid)",
        triggers: "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC;",
        clean: "GRANT EXECUTE ON FUNCTION lo_create(oid) TO {prefix}_admin;",
    },
};

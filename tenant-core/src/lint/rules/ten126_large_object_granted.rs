use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN126",
    name: "large_object_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A large object that the application may read or write.",
    why: "It is the same one for every tenant.",
    source: "https://www.postgresql.org/docs/current/lo-implementation.html",
    query: "
        SELECT 'pg_largeobject'::regclass, l.oid, 'large object ' || l.oid,
               string_agg(DISTINCT g.name || ' may ' || a.privilege_type, ', '),
               string_agg(DISTINCT format('REVOKE ALL ON LARGE OBJECT %s FROM %s;', l.oid, g.name), ' ')
        FROM pg_largeobject_metadata l
        CROSS JOIN LATERAL aclexplode(coalesce(l.lomacl, acldefault('L', l.lomowner))) a
        JOIN grantee g ON g.oid = a.grantee
        GROUP BY l.oid",
    example: Example {
        object: "large object 4711",
        triggers: "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO {prefix}_tenant;",
        clean: "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO {prefix}_admin;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN129",
    name: "settings_granted",
    severity: Severity::Warning,
    startup: false,
    finds: "A setting that a role of the application was given the right to change.",
    why: "Settings that only a superuser may change, such as session_replication_role, switch \
            foreign keys and triggers off.",
    source: "https://www.postgresql.org/docs/current/sql-grant.html",
    query: "
        SELECT 'pg_parameter_acl'::regclass, p.oid, 'parameter ' || p.parname,
               string_agg(DISTINCT g.name || ' may ' || a.privilege_type || ' it', ', '),
               string_agg(DISTINCT format('REVOKE ALL ON PARAMETER %s FROM %s;', p.parname, g.name), ' ')
        FROM pg_parameter_acl p CROSS JOIN LATERAL aclexplode(p.paracl) a
        JOIN grantee g ON g.oid = a.grantee
        GROUP BY p.oid, p.parname",
    example: Example {
        object: "parameter session_replication_role",
        triggers: "GRANT SET ON PARAMETER session_replication_role TO {prefix}_tenant;",
        clean: "GRANT SET ON PARAMETER session_replication_role TO {prefix}_admin;",
    },
};

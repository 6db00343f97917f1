use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN608",
    name: "role_cannot_reach_workers",
    severity: Severity::Warning,
    startup: false,
    finds: "A role that the login becomes, and that cannot log in, in a database that Citus \
            distributes.",
    why: "Citus connects to its workers as whoever asks, so each of its queries fails there.",
    source: "https://docs.citusdata.com/en/stable/admin_guide/cluster_management.html",
    query: "
        SELECT 'pg_authid'::regclass, r.oid, 'role ' || r.label, 'it cannot log in, and so not on a worker',
               format('ALTER ROLE %s LOGIN;', r.label)
        FROM citus x CROSS JOIN our_role r JOIN pg_roles p ON p.oid = r.oid
        WHERE r.kind IN ('tenant', 'shared') AND NOT p.rolcanlogin",
    example: Example {
        object: "role {prefix}_tenant",
        triggers: "
        -- citus
        ALTER ROLE {prefix}_tenant NOLOGIN;",
        clean: "ALTER ROLE {prefix}_staff NOLOGIN;",
    },
};

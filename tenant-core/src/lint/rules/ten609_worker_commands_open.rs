use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN609",
    name: "worker_commands_open",
    severity: Severity::Error,
    startup: true,
    finds: "A function of Citus that sends commands to other nodes, and that the application may \
            call.",
    why: "It opens a session of its own there, in which the caller says which tenant it is.",
    source: "https://docs.citusdata.com/en/stable/develop/reference_propagation.html",
    query: "
        SELECT 'pg_proc'::regclass, p.oid, 'function ' || p.oid::regprocedure,
               string_agg(g.name, ', ' ORDER BY g.name) || ' may call it',
               format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', p.oid::regprocedure, string_agg(g.name, ', '))
        FROM citus x CROSS JOIN citus_command c JOIN pg_proc p ON p.oid = c.oid
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        JOIN grantee g ON g.oid = a.grantee
        GROUP BY p.oid",
    example: Example {
        object: "function run_command_on_shards(regclass,text)",
        triggers: "
        -- citus
        GRANT EXECUTE ON FUNCTION run_command_on_shards(regclass, text) TO {prefix}_tenant;",
        clean: "GRANT EXECUTE ON FUNCTION run_command_on_shards(regclass, text) TO {prefix}_admin;",
    },
};

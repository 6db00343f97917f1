use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN110",
    name: "login_inherits",
    severity: Severity::Warning,
    startup: false,
    finds: "A login of the application that inherits what the roles it can become may do.",
    why: "A connection that nobody scoped then has privileges on tables, and the second wall \
            is gone.",
    source: "https://www.postgresql.org/docs/current/role-membership.html",
    query: "
        SELECT 'pg_authid'::regclass, r.oid, 'role ' || r.label,
               'it inherits from ' || string_agg(m.roleid::regrole::text, ', '),
               format('ALTER ROLE %I NOINHERIT;', r.name) || coalesce(string_agg(
                 CASE WHEN s.version >= 160000 THEN format(' GRANT %s TO %I WITH INHERIT FALSE;',
                   m.roleid::regrole, r.name) END, ''), '')
        FROM our_role r JOIN pg_auth_members m ON m.member = r.oid
        CROSS JOIN LATERAL to_jsonb(m) AS j CROSS JOIN server s
        WHERE r.kind = 'login' AND coalesce((j ->> 'inherit_option')::boolean, r.rolinherit)
        GROUP BY r.oid, r.label, r.name",
    example: Example {
        object: "role {prefix}_login",
        triggers: "
        ALTER ROLE {prefix}_login INHERIT;
        CREATE ROLE {prefix}_more; GRANT {prefix}_more TO {prefix}_login;",
        clean: "ALTER ROLE {prefix}_owner INHERIT;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN105",
    name: "application_can_become_owner_or_admin",
    severity: Severity::Error,
    startup: true,
    finds: "A role of the application that is a member of the layout's owner, admin or registry, or \
            of who reads everything.",
    why: "The owner's and the admin's policies let every tenant's rows through, and the owner \
            can drop the others.",
    source: "https://www.postgresql.org/docs/current/role-membership.html",
    query: "
        SELECT 'pg_authid'::regclass, m.member, 'role ' || m.member::regrole,
               'it is a member of ' || string_agg(DISTINCT r.label, ', '),
               string_agg(DISTINCT format('REVOKE %s FROM %s;', r.label, m.member::regrole), ' ')
        FROM pg_auth_members m JOIN our_role r ON r.oid = m.roleid AND r.kind IN ('admin', 'owner', 'analytics', 'staff', 'search', 'registry')
        WHERE m.member IN (SELECT oid FROM app_role)
        GROUP BY m.member",
    example: Example {
        object: "role {prefix}_login",
        triggers: "GRANT {prefix}_owner TO {prefix}_login;",
        clean: "CREATE ROLE {prefix}_deploy LOGIN; GRANT {prefix}_owner TO {prefix}_deploy;",
    },
};

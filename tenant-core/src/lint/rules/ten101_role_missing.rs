use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN101",
    name: "role_missing",
    severity: Severity::Error,
    startup: true,
    finds: "A role of the layout that the server does not have.",
    why: "Where the roles are not the ones that the walls were built for, nobody can say whom \
            they hold.",
    source: "https://www.postgresql.org/docs/current/user-manag.html",
    query: "
        SELECT 0, 0, 'role ' || r.label, 'the server has no role of that name: apply the isolation', NULL
        FROM our_role r WHERE r.oid IS NULL AND r.kind IN ('login', 'tenant', 'shared', 'single')",
    example: Example {
        object: "role {prefix}_shared",
        triggers: "ALTER ROLE {prefix}_shared RENAME TO {prefix}_was_shared;",
        clean: "ALTER ROLE {prefix}_admin RENAME TO {prefix}_was_admin;",
    },
};

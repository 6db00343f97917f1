use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN412",
    name: "replication_role_set",
    severity: Severity::Warning,
    startup: false,
    finds: "A database, or a role of the application, that sets session_replication_role.",
    why: "As a replica it fires no trigger and checks no foreign key, so rows may refer to \
            other tenants'.",
    source: "https://www.postgresql.org/docs/current/runtime-config-client.html",
    query: "
        SELECT s.classid, s.objid, s.object, 'it sets session_replication_role = ' || s.value, s.mend
        FROM login_setting s WHERE s.name = 'session_replication_role' AND s.value <> 'origin'",
    example: Example {
        object: "role {prefix}_tenant",
        triggers: "ALTER ROLE {prefix}_tenant SET session_replication_role = replica;",
        clean: "ALTER ROLE {prefix}_tenant SET session_replication_role = origin;",
    },
};

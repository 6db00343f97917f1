use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN414",
    name: "role_set_at_login",
    severity: Severity::Warning,
    startup: false,
    finds: "A login of the application that becomes another role as soon as it connects.",
    why: "A connection that nobody scoped then has that role's privileges, and the second wall \
            is gone.",
    source: "https://www.postgresql.org/docs/current/sql-set-role.html",
    query: "
        SELECT s.classid, s.objid, s.object, 'it sets role = ' || s.value, s.mend
        FROM login_setting s WHERE s.name = 'role' AND s.value <> 'none'",
    example: Example {
        object: "role {prefix}_login",
        triggers: "ALTER ROLE {prefix}_login SET role = {prefix}_tenant;",
        clean: "ALTER ROLE {prefix}_login SET role = none;",
    },
};

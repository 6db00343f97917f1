use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN416",
    name: "large_objects_unchecked",
    severity: Severity::Warning,
    startup: false,
    finds: "A database, or a role of the application, that does not check who may use large \
            objects.",
    why: "With lo_compat_privileges everybody reads and writes every large object, and no \
            policy covers them.",
    source: "https://www.postgresql.org/docs/current/runtime-config-compatible.html",
    query: "
        SELECT s.classid, s.objid, s.object, 'it sets lo_compat_privileges = ' || s.value, s.mend
        FROM login_setting s WHERE s.name = 'lo_compat_privileges' AND s.value IN ('on', 'true', '1', 'yes')",
    example: Example {
        object: "database {prefix}",
        triggers: "ALTER DATABASE {prefix} SET lo_compat_privileges = on;",
        clean: "ALTER DATABASE {prefix} SET lo_compat_privileges = off;",
    },
};

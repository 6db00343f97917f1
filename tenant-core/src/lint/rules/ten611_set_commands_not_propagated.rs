use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN611",
    name: "set_commands_not_propagated",
    severity: Severity::Warning,
    startup: false,
    finds: "A database, or a role of the application, for which Citus hands no SET LOCAL on to \
            its workers.",
    why: "A pool switches that on with each tenant; whatever else logs in so shows the workers \
            none, or the one before.",
    source: "https://docs.citusdata.com/en/stable/develop/api_guc.html",
    query: "
        SELECT s.classid, s.objid, s.object, 'it sets citus.propagate_set_commands = ' || s.value, s.mend
        FROM citus x CROSS JOIN login_setting s
        WHERE s.name = 'citus.propagate_set_commands' AND s.value <> 'local'",
    example: Example {
        object: "role {prefix}_login",
        triggers: "
        -- citus
        ALTER ROLE {prefix}_login SET citus.propagate_set_commands = 'none';",
        clean: "ALTER ROLE {prefix}_login SET citus.propagate_set_commands = 'local';",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN501",
    name: "current_tenant_missing",
    severity: Severity::Error,
    startup: true,
    finds: "A database without tenancy.current_tenant().",
    why: "That function is the one place that knows whose a transaction is; without it there \
            is no isolation to speak of.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 0, 0, 'function tenancy.current_tenant()', 'it is not there: apply the isolation', NULL
        WHERE NOT EXISTS (SELECT FROM our_current)",
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "
        -- also TEN201
        DROP TABLE invoices, projects; DROP FUNCTION tenancy.current_tenant();",
        clean: "COMMENT ON FUNCTION tenancy.current_tenant() IS 'here';",
    },
};

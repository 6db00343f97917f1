use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN901",
    name: "suppression_without_reason",
    severity: Severity::Info,
    startup: false,
    finds: "A comment that allows a finding without a reason.",
    why: "Without a reason nobody can say later whether it still holds, so it does not count.",
    source: "https://www.postgresql.org/docs/current/sql-comment.html",
    query: "",
    example: Example {
        object: "table public.plans",
        triggers: "COMMENT ON TABLE plans IS 'tenancy: allow TEN131';",
        clean: "
        GRANT INSERT ON plans TO {prefix}_tenant;
        COMMENT ON TABLE plans IS 'tenancy: allow TEN131 because tenants enter their own plans';",
    },
};

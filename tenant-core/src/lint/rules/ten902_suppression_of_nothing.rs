use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN902",
    name: "suppression_of_nothing",
    severity: Severity::Info,
    startup: false,
    finds: "A suppression of something that is not found.",
    why: "What it allowed is mended or was never there, and it would hide the next one in \
            silence.",
    source: "https://www.postgresql.org/docs/current/sql-comment.html",
    query: "",
    example: Example {
        object: "table public.plans",
        triggers: "COMMENT ON TABLE plans IS 'tenancy: allow TEN131 because tenants enter their own plans';",
        clean: "
        GRANT INSERT ON plans TO {prefix}_tenant;
        COMMENT ON TABLE plans IS 'tenancy: allow TEN131 because tenants enter their own plans';",
    },
};

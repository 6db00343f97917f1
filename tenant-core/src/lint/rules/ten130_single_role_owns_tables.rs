use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN130",
    name: "single_role_owns_tables",
    severity: Severity::Info,
    startup: false,
    finds: "A tenant table that the application's single role owns.",
    why: "With one role for everything nothing keeps an injected statement from dropping a \
            policy; separate roles would.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, h.oid, h.object,
               a.name || ' owns it, and is what the application logs in as', NULL
        FROM holder h JOIN app_role a ON a.oid = h.owner AND a.kind = 'single'",
    example: Example {
        object: "table public.invoices",
        triggers: "
        -- single
        ALTER TABLE invoices OWNER TO {prefix}_one;",
        clean: "GRANT SELECT ON invoices TO {prefix}_one;",
    },
};

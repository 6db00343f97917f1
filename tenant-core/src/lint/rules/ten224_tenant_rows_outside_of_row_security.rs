use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN224",
    name: "tenant_rows_outside_of_row_security",
    severity: Severity::Error,
    startup: true,
    finds: "A foreign table, view or materialised view that is declared as a tenant's, or a \
            foreign table that is part of one.",
    why: "Row security is for tables: what a foreign server or a materialised view holds, no \
            policy keeps apart.",
    source: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    query: "
        SELECT 'pg_class'::regclass, c.oid, c.object,
               'it is part of a tenant table, and no policy holds what it brings', NULL
        FROM child c WHERE c.kind = 'f'
        UNION ALL
        SELECT 'pg_class'::regclass, r.oid, r.object,
               'it is declared as a tenant''s, and cannot have row security', NULL
        FROM relation r
        WHERE r.declared = 'tenant' AND (r.kind IN ('f', 'm')
          OR (r.kind = 'v' AND coalesce(r.options::text, '') !~* 'security_invoker=(t|on|1|y)'))",
    example: Example {
        object: "foreign table public.invoices_far",
        triggers: "
        CREATE FOREIGN DATA WRAPPER {prefix}_w; CREATE SERVER {prefix}_far FOREIGN DATA WRAPPER {prefix}_w;
        CREATE FOREIGN TABLE invoices_far () INHERITS (invoices) SERVER {prefix}_far;",
        clean: "
        CREATE FOREIGN DATA WRAPPER {prefix}_w; CREATE SERVER {prefix}_far FOREIGN DATA WRAPPER {prefix}_w;
        CREATE FOREIGN TABLE plans_far () INHERITS (plans) SERVER {prefix}_far;",
    },
};

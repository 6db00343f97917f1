use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN109",
    name: "application_owns_a_tenant_table",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table that a role of the application owns.",
    why: "Its owner can disable row security, drop a policy, or truncate the table, whatever \
            it is granted.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, h.oid, h.object, a.name || ' owns it',
               (SELECT format('ALTER TABLE %s OWNER TO %I;', h.label, r.name) FROM our_role r
                WHERE r.kind = 'owner' AND r.oid IS NOT NULL)
        FROM holder h JOIN app_role a ON a.oid = h.owner
        WHERE a.kind IS DISTINCT FROM 'single'",
    example: Example {
        object: "table public.invoices",
        triggers: "ALTER TABLE invoices OWNER TO {prefix}_tenant;",
        clean: "CREATE ROLE {prefix}_dba; ALTER TABLE invoices OWNER TO {prefix}_dba;",
    },
};

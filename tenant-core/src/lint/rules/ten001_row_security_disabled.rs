use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN001",
    name: "row_security_disabled",
    severity: Severity::Error,
    startup: true,
    finds: "A tenant table without row security.",
    why: "Without row security every query that forgets its filter sees every tenant's rows.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: "
        SELECT 'pg_class'::regclass, t.oid, t.object,
               'row security is off, and there are no policies',
               format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', t.label)
        FROM tenant_table t
        WHERE NOT t.secured AND NOT EXISTS (SELECT FROM policy p WHERE p.relid = t.oid)",
    example: Example {
        object: "table public.invoices",
        triggers: "
        DROP POLICY tenancy_select ON invoices; DROP POLICY tenancy_insert ON invoices;
        DROP POLICY tenancy_update ON invoices; DROP POLICY tenancy_delete ON invoices;
        DROP POLICY tenancy_wall ON invoices; DROP POLICY IF EXISTS tenancy_admin ON invoices;
        DROP POLICY IF EXISTS tenancy_owner ON invoices;
        DROP POLICY IF EXISTS tenancy_analytics ON invoices;
        DROP POLICY IF EXISTS tenancy_staff ON invoices;
        ALTER TABLE invoices DISABLE ROW LEVEL SECURITY;",
        clean: "ALTER TABLE plans DISABLE ROW LEVEL SECURITY;",
    },
};

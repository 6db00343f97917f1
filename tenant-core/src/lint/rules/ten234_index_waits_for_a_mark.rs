use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN234",
    name: "index_waits_for_a_mark",
    severity: Severity::Info,
    startup: false,
    finds: "An index of a tenant table that row security keeps queries from using, by operators that \
            could be marked LEAKPROOF.",
    why: "What is not leakproof is asked after the policies, of every row that the tenant has, so a \
            large tenant waits for all of its rows.",
    source: "https://www.postgresql.org/docs/current/rules-privileges.html",
    query: "
        SELECT 'pg_class'::regclass, u.oid, 'index ' || u.label,
               format('row security keeps %s of %s from using it; a superuser may mark them: '
                      'Isolation::leakproof(%s)', u.operators, u.column_name, u.marks),
               u.mend
        FROM unused_key u WHERE u.markable",
    example: Example {
        object: "index public.by_total",
        triggers: "-- also TEN216
        CREATE INDEX by_total ON invoices (tenant_id, total);",
        clean: "
        ALTER TABLE invoices ADD cents bigint; CREATE INDEX by_cents ON invoices (tenant_id, cents);",
    },
};

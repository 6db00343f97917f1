use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN610",
    name: "policy_widens_on_shards",
    severity: Severity::Error,
    startup: false,
    finds: "A permissive policy of a distributed table that does not compare the tenant.",
    why: "Citus makes the policies of its shards without the word RESTRICTIVE, so no wall \
            stands behind this one there.",
    source: "https://github.com/citusdata/citus/blob/main/src/backend/distributed/commands/policy.c",
    query: "
        SELECT 'pg_policy'::regclass, l.oid, l.object,
               'it lets rows in without comparing ' || quote_ident(l.col)
                 || ', and on the shards no restrictive policy stands behind it',
               l.mend
        FROM citus x CROSS JOIN loose l JOIN citus_table c ON c.relid = l.relid AND c.method = 'h'
        WHERE NOT l.unwalled",
    example: Example {
        object: "policy everything on public.invoices",
        triggers: "
        -- citus also TEN006 TEN022
        CREATE POLICY everything ON invoices FOR SELECT TO {prefix}_tenant USING (total > 0);",
        clean: "
        CREATE POLICY everything ON invoices FOR SELECT TO {prefix}_tenant
          USING (total > 0 AND tenant_id = tenancy.current_tenant());",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN503",
    name: "current_tenant_not_stable",
    severity: Severity::Error,
    startup: true,
    finds: "A tenancy.current_tenant() that is not STABLE.",
    why: "As IMMUTABLE it is evaluated once per plan, and a cached plan serves the first \
            tenant's rows to all; as VOLATILE it is called for every row.",
    source: "https://www.postgresql.org/docs/current/xfunc-volatility.html",
    query: "
        SELECT 'pg_proc'::regclass, f.oid, 'function tenancy.current_tenant()',
               CASE f.volatility WHEN 'i' THEN 'it is IMMUTABLE' ELSE 'it is VOLATILE' END,
               'ALTER FUNCTION tenancy.current_tenant() STABLE;'
        FROM our_current f WHERE f.volatility <> 's'",
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "ALTER FUNCTION tenancy.current_tenant() IMMUTABLE;",
        clean: "ALTER FUNCTION tenancy.current_tenant() STABLE;",
    },
};

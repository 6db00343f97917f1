use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN119",
    name: "column_grants",
    severity: Severity::Warning,
    startup: false,
    finds: "Columns of a tenant table that another role than the tenant's may use.",
    why: "Listings of a table's grants do not show those of its columns, so they outlive every \
            clean-up.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               format('%s may %s', g.grantee_name,
                 string_agg(g.privilege || ' (' || g.col || ')', ', ' ORDER BY g.col, g.privilege)),
               string_agg(format('REVOKE %s (%s) ON %s FROM %s;', g.privilege, g.col, g.label,
                 g.grantee_name), ' ')
        FROM column_grant g
        WHERE g.holds AND coalesce(g.grantee_kind, '') NOT IN ('tenant', 'single')
        GROUP BY g.relid, g.object, g.grantee_name",
    example: Example {
        object: "table public.invoices",
        triggers: "GRANT SELECT (total) ON invoices TO {prefix}_login;",
        clean: "GRANT SELECT (total) ON invoices TO {prefix}_tenant;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN508",
    name: "our_tables_open",
    severity: Severity::Warning,
    startup: false,
    finds: "A table of the schema tenancy that the application may read or write, beyond what \
            the registry must.",
    why: "The registry lists all tenants and their members, and the ledger and the audit log \
            are what nobody may rewrite.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: r"
        SELECT 'pg_class'::regclass, g.relid, g.object,
               string_agg(DISTINCT g.grantee_name || ' may ' || g.privilege, ', '),
               string_agg(DISTINCT format('REVOKE %s ON %s FROM %s;', g.privilege, g.label,
                 g.grantee_name), ' ')
        FROM relation_grant g
        WHERE g.nspname = 'tenancy' AND g.declared IS NULL AND g.label !~ '^tenancy\.[a-z_]*keys?$'
          AND NOT (coalesce(g.grantee_kind, '') IN ('registry', 'single') AND g.privilege = 'SELECT'
                   AND g.label IN ('tenancy.tenants', 'tenancy.members'))
        GROUP BY g.relid, g.object",
    example: Example {
        object: "table tenancy.members",
        triggers: "GRANT SELECT ON tenancy.members TO {prefix}_tenant;",
        clean: "GRANT SELECT ON tenancy.members TO {prefix}_registry;",
    },
};

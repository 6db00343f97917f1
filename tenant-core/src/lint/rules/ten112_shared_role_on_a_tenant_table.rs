use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN112",
    name: "shared_role_on_a_tenant_table",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenant table that the role for shared tables, or the registry's, may use.",
    why: "That role works without a tenant, so its privileges on tenants' rows can only be a \
            mistake.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_class'::regclass, g.relid, g.object,
               format('%s may %s', g.grantee_name, string_agg(g.privilege, ', ' ORDER BY g.privilege)),
               format('REVOKE ALL ON %s FROM %s;', g.label, g.grantee_name)
        FROM relation_grant g WHERE g.grantee_kind IN ('shared', 'registry') AND g.holds
          AND g.privilege NOT IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
        GROUP BY g.relid, g.object, g.label, g.grantee_name",
    example: Example {
        object: "table public.invoices",
        triggers: "GRANT SELECT ON invoices TO {prefix}_shared;",
        clean: "GRANT SELECT ON plans TO {prefix}_shared;",
    },
};

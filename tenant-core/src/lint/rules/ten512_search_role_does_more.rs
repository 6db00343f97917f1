use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN512",
    name: "search_role_does_more",
    severity: Severity::Warning,
    startup: false,
    finds: "The role that owns search functions can log in, has members, owns or may do something else.",
    why: "It reads the searched columns of all tenants, and what keeps it from showing them is that \
            nobody can be it.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_authid'::regclass, s.oid, 'role ' || s.label, string_agg(m.what, ', ' ORDER BY m.what),
               string_agg(m.mend, ' ' ORDER BY m.what)
        FROM our_role s, LATERAL (
          SELECT 'it can log in' AS what, format('ALTER ROLE %s NOLOGIN;', s.label) AS mend
          FROM pg_roles r WHERE r.oid = s.oid AND r.rolcanlogin
          UNION ALL
          SELECT m.member::regrole || ' is a member', format('REVOKE %s FROM %s;', s.label, m.member::regrole)
          FROM pg_auth_members m, LATERAL to_jsonb(m) AS j
          WHERE m.roleid = s.oid AND m.member NOT IN (SELECT oid FROM app_role)
            AND (coalesce((j ->> 'set_option')::boolean, true)
                 OR coalesce((j ->> 'inherit_option')::boolean, true))
          UNION ALL
          SELECT 'it is a member of ' || m.roleid::regrole, format('REVOKE %s FROM %s;', m.roleid::regrole, s.label)
          FROM pg_auth_members m WHERE m.member = s.oid
          UNION ALL
          SELECT format('it may %s all of %s', lower(x.privilege_type), c.oid::regclass),
                 format('REVOKE %s ON %s FROM %s;', x.privilege_type, c.oid::regclass, s.label)
          FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
          WHERE c.relacl IS NOT NULL AND x.grantee = s.oid AND c.relowner <> s.oid
          UNION ALL
          SELECT format('it may %s a column of %s', lower(x.privilege_type), a.attrelid::regclass),
                 format('REVOKE %s (%I) ON %s FROM %s;', x.privilege_type, a.attname, a.attrelid::regclass, s.label)
          FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
          WHERE a.attacl IS NOT NULL AND x.grantee = s.oid
            AND (x.privilege_type <> 'SELECT' OR a.attrelid NOT IN (SELECT oid FROM holder))
          UNION ALL
          SELECT 'it may create in ' || quote_ident(n.nspname), format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, s.label)
          FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) x
          WHERE n.nspacl IS NOT NULL AND x.grantee = s.oid AND x.privilege_type = 'CREATE'
          UNION ALL
          SELECT 'it owns ' || c.oid::regclass, format('ALTER TABLE %s OWNER TO %s;', c.oid::regclass, o.label)
          FROM pg_class c, our_role o WHERE c.relowner = s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND o.kind = 'owner'
          UNION ALL
          SELECT 'it owns ' || f.label, format('ALTER %s %s OWNER TO %s;', f.word, f.label, o.label)
          FROM routine f, our_role o WHERE f.owner = s.oid AND o.kind = 'owner'
            AND NOT (f.nspname = 'tenancy' AND EXISTS (SELECT FROM pg_proc p
              WHERE p.oid = f.oid AND starts_with(p.proname::text, 'search_')))
        ) m
        WHERE s.kind = 'search' AND s.oid IS NOT NULL
        GROUP BY s.oid, s.label",
    example: Example {
        object: "role {prefix}_search",
        triggers: "CREATE ROLE {prefix}_search LOGIN; GRANT UPDATE ON invoices TO {prefix}_search;",
        clean: "CREATE ROLE {prefix}_search; GRANT SELECT (tenant_id, id) ON invoices TO {prefix}_search;",
    },
};

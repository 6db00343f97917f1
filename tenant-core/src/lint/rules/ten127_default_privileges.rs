use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN127",
    name: "default_privileges",
    severity: Severity::Warning,
    startup: false,
    finds: "Default privileges that will give the application or everybody every table to come.",
    why: "The next table is granted before anybody has declared it, enabled row security, or \
            made a policy.",
    source: "https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html",
    query: "
        SELECT 'pg_authid'::regclass, d.defaclrole, 'role ' || d.defaclrole::regrole,
               format('the tables it makes%s are granted to %s',
                 coalesce(' in ' || quote_ident(n.nspname), ''), string_agg(DISTINCT g.name, ', ')),
               format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON TABLES FROM %s;',
                 d.defaclrole::regrole, coalesce(' IN SCHEMA ' || quote_ident(n.nspname), ''),
                 string_agg(DISTINCT g.name, ', '))
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
        CROSS JOIN LATERAL aclexplode(d.defaclacl) a
        JOIN grantee g ON g.oid = a.grantee
        WHERE d.defaclobjtype = 'r' AND a.grantee <> d.defaclrole
          AND (n.oid IS NULL OR n.oid IN (SELECT oid FROM app_schema))
        GROUP BY d.defaclrole, n.nspname",
    example: Example {
        object: "role {prefix}_owner",
        triggers: "
        ALTER DEFAULT PRIVILEGES FOR ROLE {prefix}_owner IN SCHEMA public
          GRANT SELECT ON TABLES TO {prefix}_tenant;",
        clean: "
        ALTER DEFAULT PRIVILEGES FOR ROLE {prefix}_owner IN SCHEMA public
          GRANT SELECT ON TABLES TO {prefix}_admin;",
    },
};

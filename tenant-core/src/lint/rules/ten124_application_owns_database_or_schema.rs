use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN124",
    name: "application_owns_database_or_schema",
    severity: Severity::Warning,
    startup: false,
    finds: "A database or schema that a role of the application owns.",
    why: "Its owner can create, grant and drop in it, whatever was taken away from that role.",
    source: "https://www.postgresql.org/docs/current/ddl-priv.html",
    query: "
        SELECT 'pg_namespace'::regclass, n.oid, 'schema ' || quote_ident(n.nspname),
               a.name || ' owns it',
               (SELECT format('ALTER SCHEMA %I OWNER TO %I;', n.nspname, r.name) FROM our_role r
                WHERE r.kind = 'owner' AND r.oid IS NOT NULL)
        FROM app_schema s JOIN pg_namespace n ON n.oid = s.oid JOIN app_role a ON a.oid = n.nspowner
        WHERE a.kind IS DISTINCT FROM 'single'
        UNION ALL
        SELECT 'pg_database'::regclass, d.oid, 'database ' || quote_ident(d.datname),
               a.name || ' owns it',
               (SELECT format('ALTER DATABASE %I OWNER TO %I;', d.datname, r.name) FROM our_role r
                WHERE r.kind = 'owner' AND r.oid IS NOT NULL)
        FROM pg_database d JOIN app_role a ON a.oid = d.datdba
        WHERE d.datname = current_database() AND a.kind IS DISTINCT FROM 'single'",
    example: Example {
        object: "schema public",
        triggers: "ALTER SCHEMA public OWNER TO {prefix}_tenant;",
        clean: "ALTER SCHEMA public OWNER TO {prefix}_owner;",
    },
};

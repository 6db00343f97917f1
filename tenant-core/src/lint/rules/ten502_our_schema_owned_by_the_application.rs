use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN502",
    name: "our_schema_owned_by_the_application",
    severity: Severity::Error,
    startup: true,
    finds: "The schema tenancy, or something in it, that a role of the application owns.",
    why: "Its owner can replace the function that says whose a transaction is.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_namespace'::regclass, n.oid, 'schema tenancy', a.name || ' owns it',
               format('ALTER SCHEMA tenancy OWNER TO %s;', n.heir)
        FROM (SELECT oid, nspowner, nspname, coalesce((SELECT label FROM our_role
                WHERE kind = 'owner' AND oid IS NOT NULL), quote_ident(current_user)) AS heir
              FROM pg_namespace) n
        JOIN not_by_choice a ON a.oid = n.nspowner WHERE n.nspname = 'tenancy'
        UNION ALL
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label, a.name || ' owns it',
               format('ALTER %s %s OWNER TO %s;', f.word, f.label, coalesce((SELECT label FROM our_role
                 WHERE kind = 'owner' AND oid IS NOT NULL), quote_ident(current_user)))
        FROM routine f JOIN not_by_choice a ON a.oid = f.owner WHERE f.nspname = 'tenancy'
        UNION ALL
        SELECT 'pg_class'::regclass, r.oid, r.object, a.name || ' owns it',
               format('ALTER TABLE %s OWNER TO %s;', r.label, coalesce((SELECT label FROM our_role
                 WHERE kind = 'owner' AND oid IS NOT NULL), quote_ident(current_user)))
        FROM relation r JOIN not_by_choice a ON a.oid = r.owner
        WHERE r.nspname = 'tenancy' AND r.kind <> 'S'",
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "ALTER FUNCTION tenancy.current_tenant() OWNER TO {prefix}_tenant;",
        clean: "ALTER FUNCTION tenancy.current_tenant() OWNER TO {prefix}_admin;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN304",
    name: "definer_sees_all_tenants",
    severity: Severity::Warning,
    startup: false,
    finds: "A SECURITY DEFINER function that the application may call, of an owner whom no \
            policy holds.",
    why: "Whatever it reads and returns, it reads as somebody who sees every tenant's rows.",
    source: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    query: "
        SELECT 'pg_proc'::regclass, f.oid, 'function ' || f.label,
               format('%s may call it; it runs as %s, whom no policy holds', f.callers, f.owner::regrole),
               format('ALTER %s %s SECURITY INVOKER;', f.word, f.label)
        FROM routine f
        WHERE f.definer AND f.callers IS NOT NULL AND f.nspname <> 'tenancy'
          AND f.owner IN (SELECT oid FROM all_seeing)
          AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)",
    example: Example {
        object: "function public.tidy()",
        triggers: "
        CREATE FUNCTION tidy() RETURNS void LANGUAGE sql SECURITY DEFINER
          SET search_path = pg_catalog AS '';
        ALTER FUNCTION tidy() OWNER TO {prefix}_owner;",
        clean: "
        CREATE FUNCTION tidy() RETURNS void LANGUAGE sql SECURITY DEFINER
          SET search_path = pg_catalog AS '';
        ALTER FUNCTION tidy() OWNER TO {prefix}_owner; REVOKE ALL ON FUNCTION tidy() FROM PUBLIC;",
    },
};

use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN514",
    name: "current_tenant_asks_others",
    severity: Severity::Warning,
    startup: false,
    finds: "A tenancy.current_tenant() or current_tenants() that calls a function or operator that is neither \
            PostgreSQL's nor ours, or that runs SQL which it puts together. \
            What a view or a type calls is not looked into.",
    why: "Whoever may change that function, or what the text is made of, decides whose rows are shown.",
    source: "https://www.postgresql.org/docs/current/xfunc-sql.html",
    query: r"
        SELECT 'pg_proc'::regclass, f.oid, f.object, 'it ' || string_agg(c.what, ', ' ORDER BY c.what), NULL
        FROM our_answer f JOIN (
          SELECT d.objid AS oid, 'calls ' || r.label AS what
          FROM pg_depend d
          LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
          JOIN routine r
            ON r.oid = CASE d.refclassid WHEN 'pg_proc'::regclass THEN d.refobjid ELSE o.oprcode::oid END
          WHERE d.classid = 'pg_proc'::regclass
            AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
            AND r.nspname NOT IN ('tenancy', 'auth')
          UNION
          -- Where names are looked up later, those with a schema: a fixed path leads to nobody else's.
          SELECT t.oid, 'calls ' || r.label
          FROM our_text t CROSS JOIN LATERAL regexp_matches(t.said, '(\S+) \. (\S+) \(', 'g') AS m (found)
          JOIN routine r ON r.nspname NOT IN ('tenancy', 'auth')
            AND m.found[1] = regexp_replace(quote_ident(r.nspname), '\s', '?', 'g')
            AND m.found[2] = regexp_replace(quote_ident(r.name), '\s', '?', 'g')
          UNION
          SELECT t.oid, 'uses an operator of ' || m.found[1]
          FROM our_text t CROSS JOIN LATERAL regexp_matches(t.said, ' operator \( (\S+) \. ', 'g') AS m (found)
          WHERE m.found[1] <> 'pg_catalog'
          UNION
          SELECT t.oid, 'runs SQL that it puts together'
          FROM our_text t WHERE t.said ~ ' (execute|query_to_xml[a-z_]*) '
        ) c ON c.oid = f.oid
        GROUP BY f.oid, f.object",
    example: Example {
        object: "function tenancy.current_tenant()",
        triggers: "
        CREATE FUNCTION decoded(text) RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
          AS 'SELECT $1::uuid';
        CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE sql STABLE
          RETURN decoded(current_setting('app.current_tenant_id'));",
        clean: "
        CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE sql STABLE
          RETURN current_setting('app.current_tenant_id')::uuid;",
    },
};

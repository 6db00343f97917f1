use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN236",
    name: "index_on_an_expression",
    severity: Severity::Info,
    startup: false,
    finds: "An index of a tenant table on an expression that calls a function which is not LEAKPROOF.",
    why: "Row security computes the expression anew for each of the tenant's rows instead of \
            looking it up, but would look up a generated column.",
    source: "https://www.postgresql.org/docs/current/ddl-generated-columns.html",
    query: r"
        SELECT 'pg_class'::regclass, e.oid, 'index ' || e.label,
               format('it is on %s, and %s', e.expressions, e.calls),
               -- The table is written anew, under a lock that lets nobody in.
               CASE WHEN e.plain THEN format('DROP INDEX %s; ', e.label) || e.columns
                 || format('CREATE %sINDEX ON %s USING %I (%s);',
                      CASE WHEN e.is_unique THEN 'UNIQUE ' ELSE '' END, e.rel, e.method, e.keys) END
        FROM (
          SELECT i.oid, i.label, i.rel, i.method, i.is_unique,
                 i.constraint_oid IS NULL AND i.indpred IS NULL AND i.options !~ '[^0 ]'
                   AND NOT EXISTS (SELECT FROM pg_opclass c WHERE NOT c.opcdefault
                     AND c.oid = ANY (string_to_array(i.classes, ' ')::oid[])) AS plain,
                 (SELECT string_agg(pg_get_indexdef(i.oid, n::integer, true), ', ' ORDER BY n)
                  FROM generate_subscripts(i.key_columns, 1) n WHERE i.key_columns[n] = 0) AS expressions,
                 (SELECT string_agg(CASE WHEN i.key_columns[n] = 0 THEN v.col
                    ELSE pg_get_indexdef(i.oid, n::integer, true) END, ', ' ORDER BY n)
                  FROM generate_subscripts(i.key_columns, 1) n, LATERAL (SELECT quote_ident(left(btrim(
                    regexp_replace(lower(pg_get_indexdef(i.oid, n::integer, true)), '[^a-z0-9]+', '_',
                      'g'), '_'), 63)) AS col) v) AS keys,
                 (SELECT string_agg(format('ALTER TABLE %s ADD COLUMN %s %s GENERATED ALWAYS AS (%s) STORED; ',
                    i.rel, quote_ident(left(btrim(regexp_replace(lower(d.def), '[^a-z0-9]+', '_', 'g'),
                      '_'), 63)), format_type(a.atttypid, a.atttypmod), d.def), '' ORDER BY n)
                  FROM generate_subscripts(i.key_columns, 1) n
                  JOIN pg_attribute a ON a.attrelid = i.oid AND a.attnum = n,
                  LATERAL (SELECT pg_get_indexdef(i.oid, n::integer, true) AS def) d
                  WHERE i.key_columns[n] = 0) AS columns,
                 (SELECT string_agg(DISTINCT f.oid::regprocedure::text, ', ')
                    || ' is not leakproof' FROM called c JOIN pg_proc f ON f.oid = c.function
                  WHERE c.oid = i.oid) AS calls
          FROM index_ i
          WHERE i.is_valid AND NOT i.is_child AND i.oid IN (SELECT oid FROM called)
        ) e",
    example: Example {
        object: "index public.by_lower_name",
        triggers: "CREATE INDEX by_lower_name ON projects (tenant_id, lower(name));",
        clean: "
        ALTER TABLE projects ADD lower_name text GENERATED ALWAYS AS (lower(name)) STORED;
        CREATE INDEX by_lower_name ON projects (tenant_id, lower_name);",
    },
};

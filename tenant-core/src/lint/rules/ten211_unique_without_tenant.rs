use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN211",
    name: "unique_without_tenant",
    severity: Severity::Warning,
    startup: false,
    finds: "A unique key of a tenant table, over values that mean something, without the tenant.",
    why: "An insert that is refused tells a tenant that another one has that value, and keeps \
            it from using it.",
    source: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    query: r"
        SELECT 'pg_class'::regclass, i.oid, 'index ' || i.label,
               format('it is unique over %s, across tenants', coalesce((
                 SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.n)
                 FROM unnest(i.key_columns) WITH ORDINALITY k (num, n)
                 JOIN pg_attribute a ON a.attrelid = i.relid AND a.attnum = k.num), 'an expression')),
               CASE WHEN i.method <> 'btree' THEN NULL
                 WHEN i.constraint_oid IS NOT NULL THEN format(
                   'ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s (%I, %s);', i.rel, i.conname,
                   CASE WHEN i.is_primary THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, i.col,
                   (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.n)
                    FROM unnest(i.key_columns) WITH ORDINALITY k (num, n)
                    JOIN pg_attribute a ON a.attrelid = i.relid AND a.attnum = k.num))
                 ELSE format('DROP INDEX %s; ', i.label) || regexp_replace(i.definition,
                   ' USING btree \(', format(' USING btree (%I, ', i.col)) || ';' END
        FROM index_ i
        WHERE i.is_unique AND NOT i.is_exclusion AND i.attnum IS NOT NULL AND NOT i.is_partition
          AND i.attnum <> ALL (i.key_columns)
          -- A key that is drawn, and not chosen, tells nothing; a user's UUID is drawn somewhere else.
          AND NOT EXISTS (
            SELECT FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid
              AND d.adnum = a.attnum
            WHERE a.attrelid = i.relid AND a.attnum = ANY (i.key_columns)
              AND (a.attidentity <> '' OR a.atttypid = 'uuid'::regtype AND NOT EXISTS (
                  SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'f'
                    AND a.attnum = ANY (k.conkey) AND k.confrelid NOT IN (SELECT oid FROM holder))
                OR pg_get_expr(d.adbin, d.adrelid) ~ '(nextval|uuid|random|ulid|nanoid|cuid|snowflake|generate)[a-z0-9_]*\('))",
    example: Example {
        object: "index public.one_name",
        triggers: "CREATE UNIQUE INDEX one_name ON projects (name);",
        clean: "
        CREATE UNIQUE INDEX one_name ON projects (tenant_id, name);
        ALTER TABLE projects ADD reference uuid UNIQUE;",
    },
};

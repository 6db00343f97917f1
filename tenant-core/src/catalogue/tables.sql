WITH RECURSIVE declared (schema, name, col, kind) AS ({declared}),
-- Every relation with a tenant column: the declared one, or one of that name in a table nobody declared.
holder AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, a.attname, d.kind, a.attnotnull,
    t.oid = {key}::regtype OR t.typbasetype = {key}::regtype AS fits, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN declared d ON d.schema = n.nspname AND d.name = c.relname
  WHERE c.relkind IN ('r', 'p', 'f', 'm')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'tenancy') AND n.nspname !~ '^pg_(toast_)?temp_'
    AND CASE WHEN d.kind = 'tenant' THEN a.attname = d.col ELSE a.attname IN (SELECT col FROM declared) END
),
above (oid, ancestor) AS (
  SELECT i.inhrelid, i.inhparent FROM pg_inherits i JOIN holder h ON h.oid = i.inhrelid
  UNION SELECT a.oid, i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.ancestor
),
-- A partition or child is reached through the table above it.
root AS (
  SELECT h.* FROM holder h WHERE NOT EXISTS (
    SELECT FROM above a JOIN holder p ON p.oid = a.ancestor AND p.attname = h.attname
    WHERE a.oid = h.oid AND (p.kind = 'tenant' OR h.kind IS DISTINCT FROM 'tenant'))
),
tree (root, oid) AS (
  SELECT DISTINCT oid, oid FROM root
  UNION SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
)
SELECT r.oid::bigint AS oid, r.nspname AS schema, r.relname AS name, r.relkind::text AS relkind, r.attname AS tenant_column,
  r.type, r.fits, r.kind,
  (SELECT json_agg(t.oid::bigint) FROM tree t WHERE t.root = r.oid) AS tree,
  (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
      'generated', a.attgenerated <> '') ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  -- Or else of a unique key that tells rows apart as well as one.
  (SELECT coalesce(json_agg(a.attname ORDER BY k.n), '[]') FROM (
      SELECT i.indkey, i.indnkeyatts FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = r.oid AND (i.indisprimary OR i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
        AND i.indexprs IS NULL AND NOT EXISTS (SELECT FROM pg_attribute a
          WHERE a.attrelid = r.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull))
      ORDER BY i.indisprimary DESC, c.relname LIMIT 1
    ) AS i, unnest(i.indkey) WITH ORDINALITY AS k (num, n), pg_attribute a
    WHERE k.n <= i.indnkeyatts AND a.attrelid = r.oid AND a.attnum = k.num) AS primary_key
FROM root r ORDER BY r.nspname, r.relname, r.attname

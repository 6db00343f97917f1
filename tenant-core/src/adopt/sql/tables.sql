SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
  (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL))
      ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  coalesce((SELECT json_agg(a.attname ORDER BY k.n)
    FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (num, n), pg_attribute a
    WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.num), '[]') AS primary_key,
  coalesce((SELECT json_agg(json_build_object('name', con.conname, 'parent', con.confrelid::bigint,
      'columns', (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY AS k (num, n)
        JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.num),
      'referenced', (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY AS k (num, n)
        JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.num),
      'not_null', (SELECT bool_and(a.attnotnull) FROM pg_attribute a
        WHERE a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey))) ORDER BY con.conkey, con.conname)
    FROM pg_constraint con WHERE con.conrelid = c.oid AND con.contype = 'f' AND con.conparentid = 0), '[]') AS keys
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND n.nspname = ANY ({schemas})
  -- A partition or a child is reached through the table above it.
  AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname

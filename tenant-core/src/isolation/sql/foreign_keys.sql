WITH RECURSIVE tenant (relid, col) AS ({tenants}),
tree (relid, col) AS (
  SELECT relid, col FROM tenant
  UNION SELECT i.inhrelid, t.col FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid
),
found AS (
  SELECT con.oid, con.conname, con.conrelid::regclass AS child, con.confrelid::regclass AS parent,
    ct.col AS child_col, pt.col AS parent_col, con.convalidated, con.conkey, con.confkey,
    con.confupdtype, con.confdeltype, con.confmatchtype, con.condeferrable, con.condeferred,
    pg_get_constraintdef(con.oid) AS old, to_jsonb(con) AS more,
    (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY AS k (num, n)
      JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.num) AS columns,
    (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY AS k (num, n)
      JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.num) AS referenced,
    (SELECT bool_and(a.attnotnull) FROM pg_attribute a
      WHERE a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey)) AS not_null,
    (SELECT relkind FROM pg_class WHERE oid = con.conrelid) AS child_kind,
    (SELECT relkind FROM pg_class WHERE oid = con.confrelid) AS parent_kind
  FROM pg_constraint con JOIN tree ct ON ct.relid = con.conrelid JOIN tree pt ON pt.relid = con.confrelid
  WHERE con.contype = 'f' AND con.conparentid = 0
),
wide AS (
  SELECT f.*, (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(f.columns) WITH ORDINALITY AS u (c, n)) AS column_list,
    (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(f.referenced) WITH ORDINALITY AS u (c, n)) AS referenced_list,
    (SELECT string_agg(format('c.%I = p.%I', c, p), ' AND ') FROM unnest(f.columns, f.referenced) AS u (c, p)) AS matching,
    -- Single-column MATCH FULL is MATCH SIMPLE; one of several columns must not take the tenant for one of them.
    CASE WHEN f.confmatchtype = 'f' AND f.not_null THEN ' MATCH FULL' ELSE '' END AS matches,
    -- A name that is ours, until it takes over the old one's.
    'tenancy_' || md5(f.conname) AS new_name,
    (SELECT CASE WHEN octet_length(relname) <= 40 THEN relname ELSE left(md5(relname), 8) END FROM pg_class WHERE oid = f.parent)
      || '_' || left(md5(f.parent_col || ' ' || f.referenced::text), 8) || '_tenancy_key' AS key_name,
    (SELECT coalesce(string_agg(quote_ident(a.attname), ', '), NULL) FROM pg_attribute a
      WHERE a.attrelid = f.child AND a.attnum = ANY (ARRAY(SELECT jsonb_array_elements_text(
        CASE jsonb_typeof(f.more -> 'confdelsetcols') WHEN 'array' THEN f.more -> 'confdelsetcols' END)::int))) AS set_list
  FROM found f
  WHERE NOT f.child_col = ANY (f.columns) AND NOT f.parent_col = ANY (f.referenced)
)
SELECT wide.*,
  format('FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)%s ON UPDATE %s ON DELETE %s%s%s', wide.child_col,
    wide.column_list, wide.parent, wide.parent_col, wide.referenced_list, wide.matches, u.action, d.action,
    CASE WHEN wide.confdeltype IN ('n', 'd') THEN format(' (%s)', coalesce(wide.set_list, wide.column_list)) END,
    CASE WHEN wide.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN wide.condeferrable THEN ' DEFERRABLE' END) AS new,
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = wide.parent AND i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL AND (i.indexrelid::regclass::text !~ '_tenancy_key"?$'
      OR EXISTS (SELECT FROM pg_constraint uc WHERE uc.conindid = i.indexrelid AND uc.contype = 'u')) AND i.indnkeyatts = cardinality(wide.referenced) + 1
    AND (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = i.indrelid
        AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
      = (SELECT array_agg(c ORDER BY c) FROM unnest(wide.referenced || wide.parent_col) AS c)) AS has_key,
  -- Of a plan that was not run to its end: its index, not a constraint yet, perhaps not even valid.
  (SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = wide.parent AND ic.relname = wide.key_name) AS key_index,
  (SELECT i.indisvalid FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = wide.parent AND ic.relname = wide.key_name) AS key_valid,
  EXISTS (SELECT FROM pg_constraint n WHERE n.conrelid = wide.child AND n.conname = wide.new_name) AS new_there,
  coalesce((SELECT n.convalidated FROM pg_constraint n WHERE n.conrelid = wide.child AND n.conname = wide.new_name), false) AS new_valid
FROM wide, LATERAL (VALUES ('a', 'NO ACTION'), ('r', 'RESTRICT'), ('c', 'CASCADE'), ('n', 'SET NULL'), ('d', 'SET DEFAULT')) AS u (code, action),
  LATERAL (VALUES ('a', 'NO ACTION'), ('r', 'RESTRICT'), ('c', 'CASCADE'), ('n', 'SET NULL'), ('d', 'SET DEFAULT')) AS d (code, action)
WHERE u.code = wide.confupdtype::text AND d.code = wide.confdeltype::text
ORDER BY wide.child::text, wide.conname

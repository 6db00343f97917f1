-- The foreign keys that refer to tables without a tenant column whose rows go with those of these tables.
WITH RECURSIVE tree (root, oid) AS (VALUES {tree}),
reach (root, oid) AS (
  SELECT t.root, k.conrelid::bigint FROM tree t JOIN pg_constraint k ON k.confrelid::bigint = t.oid
    AND k.contype = 'f' AND k.conparentid = 0 AND k.confdeltype = 'c'
  WHERE k.conrelid::bigint NOT IN (SELECT oid FROM tree)
  UNION SELECT r.root, next.oid::bigint FROM reach r CROSS JOIN LATERAL (
    SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent::bigint = r.oid
    UNION ALL SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid::bigint = r.oid
    UNION ALL SELECT k.conrelid FROM pg_constraint k
      WHERE k.confrelid::bigint = r.oid AND k.contype = 'f' AND k.conparentid = 0 AND k.confdeltype = 'c'
  ) AS next (oid) WHERE next.oid::bigint NOT IN (SELECT oid FROM tree)
)
SELECT k.conname AS name, format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) AS label, mine.root AS child,
  k.confrelid::bigint AS parent, format('"%s"."%s"', replace(pn.nspname, '"', '""'), replace(p.relname, '"', '""')) AS parent_label,
  (SELECT json_agg(DISTINCT r.root) FROM reach r WHERE r.oid = k.confrelid::bigint) AS roots,
  k.confdeltype::text AS on_delete, k.condeferrable AS deferrable, k.confmatchtype = 'f' AND cardinality(k.conkey) > 1 AS match_full,
  has_table_privilege(k.conrelid, 'SELECT') AND (mine.root IS NOT NULL OR NOT row_security_active(k.conrelid)) AS readable,
  (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY AS u (num, n)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
  (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS u (num, n)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS referenced
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
LEFT JOIN tree mine ON mine.oid = k.conrelid::bigint
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid::bigint IN (SELECT oid FROM reach)
ORDER BY 2, 1

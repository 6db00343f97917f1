-- The foreign keys that refer to one of these tables, or to a partition or child of one.
WITH tree (root, oid) AS (VALUES {tree})
SELECT k.conname AS name, format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) AS label, mine.root AS child, theirs.root AS parent,
  k.confdeltype::text AS on_delete, k.condeferrable AS deferrable,
  k.confmatchtype = 'f' AND cardinality(k.conkey) > 1 AS match_full,
  has_table_privilege(k.conrelid, 'SELECT') AND (mine.root IS NOT NULL OR NOT row_security_active(k.conrelid)) AS readable,
  (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY AS u (num, n)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
  (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS u (num, n)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS referenced
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN tree theirs ON theirs.oid = k.confrelid::bigint
LEFT JOIN tree mine ON mine.oid = k.conrelid::bigint
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY 2, 1

-- What is in a schema ($1), in the order in which it can be dropped.
WITH RECURSIVE own AS (
  SELECT c.oid, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::text AND c.relkind IN ('r', 'v', 'm', 'S')
),
{view_depth}
SELECT o.relname::text AS name, o.relkind::text AS kind
FROM own o LEFT JOIN view_depth v USING (oid)
-- A column's sequence goes with it.
WHERE o.relkind <> 'S' OR NOT EXISTS (SELECT FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid AND d.deptype IN ('a', 'i'))
GROUP BY o.oid, o.relname, o.relkind ORDER BY max(v.depth) DESC NULLS LAST, o.oid

WITH RECURSIVE tree (relid) AS (
  SELECT unnest(ARRAY[{tables}]::bigint[])::oid
  UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.relid)
SELECT c.oid::regclass::text AS relation, c.relkind::text AS kind, pg_get_userbyid(c.relowner)::text AS owner, current_user::text AS "user"
FROM tree t JOIN pg_class c ON c.oid = t.relid
WHERE c.relkind = 'f' OR NOT ({may}) ORDER BY c.oid LIMIT 1

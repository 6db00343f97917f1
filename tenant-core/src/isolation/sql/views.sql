WITH RECURSIVE tenant (relid, col) AS ({tenants}),
tree (relid) AS (
  SELECT relid FROM tenant
  UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid
),
shared (relid, col) AS ({shareds}),
declared (relid) AS (SELECT relid FROM tenant UNION SELECT relid FROM shared),
direct (view, relid) AS (
  SELECT DISTINCT r.ev_class, d.refobjid FROM pg_rewrite r
  JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
),
reads (view, relid) AS (
  SELECT view, relid FROM direct
  UNION SELECT reads.view, direct.relid FROM reads JOIN direct ON direct.view = reads.relid
),
judged AS (
  SELECT reads.view, bool_or(reads.relid IN (SELECT relid FROM tree)) AS of_tenants,
    bool_or(reads.relid IN (SELECT relid FROM shared)) AND bool_and(
      c.relkind IN ('v', 'm', 'S') OR reads.relid IN (SELECT relid FROM shared)) AS of_shared
  FROM reads JOIN pg_class c ON c.oid = reads.relid GROUP BY reads.view
)
SELECT c.oid::regclass AS name, c.oid, c.relkind, j.of_tenants, pg_get_userbyid(c.relowner) AS owner,
  (SELECT option_value FROM pg_options_to_table(c.reloptions) WHERE option_name = 'security_invoker') AS invoker,
  -- Whoever may create here can make a view over any table, with rules that run with its owner's rights. So only views
  -- of those who own the tables, or did until now, are made ours.
  EXISTS (SELECT FROM pg_roles r WHERE r.oid = c.relowner AND (r.rolsuper OR r.rolname = current_user OR r.rolname = ANY ({owner})
    OR EXISTS (SELECT FROM declared d JOIN pg_class t ON t.oid = d.relid WHERE t.relowner = r.oid)
    OR EXISTS (SELECT FROM tenancy.ledger l JOIN declared d ON d.relid = to_regclass(l.object)
      WHERE l.kind = 'owner' AND l.before = r.rolname))) AS known
FROM judged j JOIN pg_class c ON c.oid = j.view JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ({schemas}) AND (j.of_tenants OR j.of_shared)
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid::regclass::text

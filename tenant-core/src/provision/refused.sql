-- What is in a schema ($1) that cannot be made anew elsewhere from what the catalogue says.
WITH home AS (SELECT oid FROM pg_namespace WHERE nspname = $1)
SELECT pg_describe_object(d.classid, d.objid, 0) AS what
FROM pg_depend d JOIN home ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = home.oid
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE d.deptype = 'n' AND NOT (d.classid = 'pg_statistic_ext'::regclass
    OR coalesce(c.relkind IN ('r', 'v', 'm', 'S') AND NOT c.relispartition AND c.reloftype = 0 AND c.reltablespace = 0, false))
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
UNION ALL
SELECT pg_describe_object('pg_class'::regclass, c.oid, 0) || ', which inherits'
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN home ON c.relnamespace = home.oid
UNION ALL
SELECT pg_describe_object('pg_rewrite'::regclass, r.oid, 0)
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN home ON c.relnamespace = home.oid
WHERE NOT (c.relkind IN ('v', 'm') AND r.rulename = '_RETURN')
UNION ALL
SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0) || ', which is not the isolation''s'
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN home ON c.relnamespace = home.oid
WHERE NOT starts_with(p.polname, 'tenancy_')
UNION ALL
SELECT pg_describe_object('pg_class'::regclass, i.oid, 0) || ', in a tablespace of its own'
FROM pg_class i JOIN home ON i.relnamespace = home.oid WHERE i.relkind = 'i' AND i.reltablespace <> 0
ORDER BY 1

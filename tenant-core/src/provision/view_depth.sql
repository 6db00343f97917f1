-- How many views of the schema stand below each; what is made after the others has the most.
view_depth (oid, depth) AS (
  SELECT oid, 0 FROM own WHERE relkind IN ('v', 'm')
  UNION
  SELECT r.ev_class, v.depth + 1 FROM view_depth v
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
    AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> v.oid
)

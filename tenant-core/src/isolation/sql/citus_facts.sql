
UNION ALL
SELECT 'distribution', d.relid::regclass::text, coalesce(
    CASE WHEN c.method IS NULL THEN NULL WHEN c.method = 'h' THEN 'by ' || quote_ident(a.attname) WHEN c.replication = 't' THEN 'whole on every node'
      WHEN c.method = 'n' THEN 'on one node' ELSE 'by ranges' END, 'not distributed'),
  d.relid::regclass::text,
  CASE WHEN d.col IS NULL THEN format('SELECT create_reference_table(%L)', d.relid::regclass)
    ELSE format('SELECT create_distributed_table(%L, %L)', d.relid::regclass, d.col) END, NULL
FROM (SELECT s.relid, NULL::name AS col FROM ({shareds}) AS s (relid, col)
    UNION ALL SELECT t.relid, t.col FROM ({tenants}) AS t (relid, col)) AS d
LEFT JOIN ({citus_tables}) AS c ON c.relid = d.relid
LEFT JOIN pg_attribute a ON a.attrelid = d.relid AND a.attnum = c.attnum

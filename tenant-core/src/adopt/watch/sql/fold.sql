WITH moved AS (DELETE FROM tenancy_watch.log RETURNING *),
named AS (
  SELECT m.*, CASE WHEN (SELECT count(*) FROM tenancy_watch.counted) < {groups} THEN m.query ELSE '' END AS kept FROM moved AS m),
grouped AS (
  SELECT sha256(convert_to(ROW(schema_name, table_name, operation, reason, login, role, application, kept)::text, 'UTF8')) AS key,
    schema_name, table_name, operation, reason, login, role, application, kept, count(*) AS statements, sum(rows)::bigint AS rows,
    min(at) AS first_seen, max(at) AS last_seen, count(*) FILTER (WHERE is_last) AS cut_off
  FROM named GROUP BY schema_name, table_name, operation, reason, login, role, application, kept ORDER BY 1)
INSERT INTO tenancy_watch.counted AS c SELECT * FROM grouped
ON CONFLICT (key) DO UPDATE SET statements = c.statements + excluded.statements, rows = c.rows + excluded.rows,
  first_seen = least(c.first_seen, excluded.first_seen), last_seen = greatest(c.last_seen, excluded.last_seen),
  cut_off = c.cut_off + excluded.cut_off;

SELECT schema_name::text AS schema, table_name::text AS table, operation, reason, login::text AS login, role::text AS role, application,
  query, statements, rows, to_char(first_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS first_seen,
  to_char(last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_seen, cut_off
FROM tenancy_watch.counted
WHERE ($1 = '' OR last_seen >= nullif($1, '')::timestamptz) AND ($2 = '' OR login::text = $2)
ORDER BY schema_name, table_name, operation, reason, login, application, query, key

SELECT format('%I.%I', n.nspname, c.relname) AS label, current_user AS login, row_security_active(c.oid) AS active,
  -- One that lets everything through for every command, and none that takes away.
  EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'
      AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true'
      AND EXISTS (SELECT FROM unnest(p.polroles) AS r WHERE r = 0 OR pg_has_role(r, 'USAGE')))
    AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive
      AND EXISTS (SELECT FROM unnest(p.polroles) AS r WHERE r = 0 OR pg_has_role(r, 'USAGE'))) AS open
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid::bigint = ANY (ARRAY[{oids}]::bigint[])
ORDER BY 1

SELECT 'SET ROLE ' || nspowner::regrole AS set_role FROM pg_namespace WHERE nspname = 'tenancy_watch'
  AND pg_has_role(nspowner, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)

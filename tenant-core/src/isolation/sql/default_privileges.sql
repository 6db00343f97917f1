entry record;
BEGIN
FOR entry IN SELECT g.of, g.what, g.grantee, string_agg(g.privilege_type, ', ') AS privileges
      FROM (SELECT concat('FOR ROLE ' || d.defaclrole::regrole, ' IN SCHEMA ' || quote_ident(n.nspname)) AS of,
          CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' ELSE 'SEQUENCES' END AS what,
          CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee, a.privilege_type
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
        WHERE d.defaclobjtype IN ('r', 'S') AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) = ANY ({ours}))) AS g
      GROUP BY g.of, g.what, g.grantee LOOP
    INSERT INTO tenancy.ledger (kind, object, before)
    VALUES ('default privileges', concat_ws(' ', entry.of, entry.what, entry.grantee), json_build_object('of', entry.of,
      'on', entry.what, 'to', entry.grantee, 'privileges', entry.privileges)::text)
    ON CONFLICT (kind, object) DO NOTHING;
    EXECUTE format('ALTER DEFAULT PRIVILEGES %s REVOKE ALL ON %s FROM %s', entry.of, entry.what, entry.grantee);
  END LOOP;

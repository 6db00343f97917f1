seen record;
  role name;
BEGIN
FOR seen IN {views} LOOP
    IF NOT seen.known THEN
      RAISE WARNING 'the view % reads declared tables and belongs to %, who owns none of them: it is left alone, and granted to nobody; '
        'if it is yours, ALTER VIEW % OWNER TO whoever owns the tables, then run this again', seen.name, seen.owner, seen.name;
      FOR role IN SELECT DISTINCT r.rolname FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
          WHERE c.oid = seen.oid AND a.grantee <> c.relowner AND r.rolname = ANY ({ours}) LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', seen.name, role);
      END LOOP;
      CONTINUE;
    END IF;
    IF seen.relkind = 'v' AND seen.of_tenants AND NOT coalesce(seen.invoker::boolean, false) THEN
      IF current_setting('server_version_num')::int < 150000 THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format(
          'the view %s reads tenant tables with its owner''s rights, and security_invoker wants PostgreSQL 15: '
          'drop the view, make it a SECURITY INVOKER function, or move to a newer server', seen.name);
      END IF;
      INSERT INTO tenancy.ledger (kind, object, before) VALUES ('view', seen.name::text, seen.invoker)
      ON CONFLICT (kind, object) DO NOTHING;
      EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', seen.name);
    END IF;
    -- The tables have gone to the owner, and the rights that the view runs with must be the owner's too.
    FOREACH role IN ARRAY {owner} LOOP
      IF seen.owner <> role THEN
        INSERT INTO tenancy.ledger (kind, object, before) VALUES ('owner', seen.name::text, seen.owner)
        ON CONFLICT (kind, object) DO NOTHING;
        EXECUTE format('ALTER TABLE %s OWNER TO %I', seen.name, role);
      END IF;
    END LOOP;
    FOREACH role IN ARRAY {ours} LOOP
      IF role <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = seen.oid) THEN
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', seen.name, role);
      END IF;
    END LOOP;
    -- A materialised view holds everybody's rows, and no policy.
    IF seen.relkind = 'v' THEN
      FOREACH role IN ARRAY CASE WHEN seen.of_tenants THEN {tenant} ELSE {shared} END LOOP
        EXECUTE format('GRANT SELECT ON TABLE %s TO %I', seen.name, role);
      END LOOP;
    END IF;
  END LOOP;

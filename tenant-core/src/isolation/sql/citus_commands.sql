command record;
  refused text;
BEGIN
FOR command IN SELECT p.oid::regprocedure::text AS name, p.proacl AS acl FROM pg_proc p
      JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'citus'
      WHERE p.proname ~ {commands} AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
      ORDER BY 1 LOOP
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
        'everybody may call %s, and only a superuser can take that away: run this as one', command.name);
    END IF;
    INSERT INTO tenancy.ledger (kind, object, before) VALUES ('acl', 'FUNCTION ' || command.name,
      json_build_object('kind', 'FUNCTION', 'name', command.name, 'acl', command.acl::text)::text)
    ON CONFLICT (kind, object) DO NOTHING;
    -- Grants on an extension's functions stay where they are made.
    SELECT string_agg(format('%s:%s: %s', w.nodename, w.nodeport, w.result), ', ') INTO refused
    FROM run_command_on_workers(format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', command.name)) w
    WHERE NOT w.success;
    IF refused IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
        '%s could not be taken from PUBLIC on %s', command.name, refused);
    END IF;
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', command.name);
  END LOOP;

gone record;
BEGIN
FOR gone IN SELECT l.object, p.oid::regprocedure AS function
      FROM tenancy.ledger l LEFT JOIN ({wanted}) AS w (name, hash) ON w.name = l.object
      LEFT JOIN pg_proc p ON p.pronamespace = 'tenancy'::regnamespace AND p.proname = l.object
      WHERE l.kind = 'search function' AND l.before IS DISTINCT FROM w.hash LOOP
    IF gone.function IS NOT NULL THEN
      EXECUTE format('DROP FUNCTION %s', gone.function);
    END IF;
    DELETE FROM tenancy.ledger WHERE kind = 'search function' AND object = gone.object;
  END LOOP;

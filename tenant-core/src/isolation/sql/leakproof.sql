wanted text[] := {wanted};
  each text;
BEGIN
IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND (
      EXISTS (SELECT FROM tenancy.ledger WHERE kind = 'leakproof' AND object <> ALL (wanted))
      OR EXISTS (SELECT FROM unnest(wanted) AS f JOIN pg_proc p ON p.oid = f::regprocedure WHERE NOT p.proleakproof)) THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE =
      'leakproof() marks functions of PostgreSQL''s, which wants a superuser: leave it out, or run this as one';
  END IF;
  FOR each IN DELETE FROM tenancy.ledger WHERE kind = 'leakproof' AND object <> ALL (wanted) RETURNING object LOOP
    EXECUTE format('ALTER FUNCTION %s NOT LEAKPROOF', each::regprocedure);
  END LOOP;
  FOREACH each IN ARRAY wanted LOOP
    CONTINUE WHEN (SELECT proleakproof FROM pg_proc WHERE oid = each::regprocedure);
    -- One that was marked before stays so.
    INSERT INTO tenancy.ledger (kind, object) VALUES ('leakproof', each) ON CONFLICT (kind, object) DO NOTHING;
    EXECUTE format('ALTER FUNCTION %s LEAKPROOF', each::regprocedure);
  END LOOP;

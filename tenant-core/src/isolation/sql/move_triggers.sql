
DECLARE
  hook text;
  event text;
  its text;
BEGIN
  FOR n IN 1 .. cardinality(tables) LOOP
    IF (SELECT c.relnamespace FROM pg_class c WHERE c.oid = tables[n]) = 'tenancy'::regnamespace THEN
      RAISE EXCEPTION '% is no tenants'' table', tables[n] USING ERRCODE = 'wrong_object_type';
    END IF;
    FOR hook IN SELECT m FROM tenancy.move_triggers(tenant::text) AS m WHERE split_part(m, '_', 2) IN ({kinds}) LOOP
      event := split_part(hook, '_', 3);
      its := format(CASE event WHEN 'INSERT' THEN 'NEW.%1$I = %2$L' WHEN 'DELETE' THEN 'OLD.%1$I = %2$L'
        ELSE 'OLD.%1$I = %2$L OR NEW.%1$I = %2$L' END, columns[n], tenant);
      {create}
      -- Also what a replica writes.
      IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook AND t.tgenabled <> 'A') THEN
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tables[n], hook);
      END IF;
    END LOOP;
  END LOOP;
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN false;
END

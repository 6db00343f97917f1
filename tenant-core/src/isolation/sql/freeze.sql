
DECLARE
  hook text;
  event text;
  its text;
  moment text;
BEGIN
  FOR n IN 1 .. cardinality(tables) LOOP
    IF (SELECT c.relnamespace FROM pg_class c WHERE c.oid = tables[n]) = 'tenancy'::regnamespace THEN
      RAISE EXCEPTION '% is no tenants'' table', tables[n] USING ERRCODE = 'wrong_object_type';
    END IF;
    FOR hook IN SELECT m FROM tenancy.move_triggers(tenant::text) AS m WHERE split_part(m, '_', 2) IN ('moving', 'moved') LOOP
      IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook) THEN
        event := split_part(hook, '_', 3);
        -- Behind all others, too: one that comes between may make a row the tenant's.
        moment := CASE split_part(hook, '_', 2) WHEN 'moving' THEN 'BEFORE' ELSE 'AFTER' END;
        its := CASE event WHEN 'INSERT' THEN 'NEW.%4$I = %5$L' WHEN 'DELETE' THEN 'OLD.%4$I = %5$L'
          ELSE 'OLD.%4$I = %5$L OR NEW.%4$I = %5$L' END;
        EXECUTE format('CREATE TRIGGER %1$I %6$s %2$s ON %3$s FOR EACH ROW WHEN (' || its || ')
          EXECUTE FUNCTION tenancy.refuse_moving()', hook, event, tables[n], columns[n], tenant, moment);
      END IF;
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

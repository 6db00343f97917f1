
DECLARE
  hook text;
  event text;
  its text;
  arguments text;
  kept bytea;
BEGIN
  FOR n IN 1 .. cardinality(tables) LOOP
    IF (SELECT c.relnamespace FROM pg_class c WHERE c.oid = tables[n]) = 'tenancy'::regnamespace THEN
      RAISE EXCEPTION '% is no tenants'' table', tables[n] USING ERRCODE = 'wrong_object_type';
    END IF;
    SELECT string_agg(format('%L', w.word), ', ' ORDER BY w.place),
      string_agg(convert_to(w.word, getdatabaseencoding()) || decode('00', 'hex'), '' ORDER BY w.place) INTO arguments, kept
    FROM unnest(ARRAY[tenant::text, tables[n]::oid::text]
      || ARRAY(SELECT json_array_elements_text(keys -> (n - 1)))) WITH ORDINALITY AS w (word, place);
    FOR hook IN SELECT m FROM tenancy.move_triggers(tenant::text) AS m WHERE starts_with(m, 'tenancy_noting_') LOOP
      CONTINUE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook
        AND t.tgenabled = 'A' AND t.tgargs = kept);
      -- One that was switched off, or is of other keys, notes nothing that could be used.
      IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook) THEN
        EXECUTE format('DROP TRIGGER %I ON %s', hook, tables[n]);
      END IF;
      event := split_part(hook, '_', 3);
      its := CASE event WHEN 'INSERT' THEN 'NEW.%4$I = %5$L' WHEN 'DELETE' THEN 'OLD.%4$I = %5$L'
        ELSE 'OLD.%4$I = %5$L OR NEW.%4$I = %5$L' END;
      -- Not what the mover erases when all is over; what it writes in the target, with all that hangs on it.
      EXECUTE format('CREATE TRIGGER %1$I AFTER %2$s ON %3$s FOR EACH ROW WHEN ((' || its || ')
        AND (%7$L <> ''source'' OR NOT ({eraser}))) EXECUTE FUNCTION tenancy.note_change(%6$s)',
        hook, event, tables[n], columns[n], tenant, arguments, side, 'tenancy.moves'::regclass::oid);
      -- Also what a replica writes.
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tables[n], hook);
    END LOOP;
  END LOOP;
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN false;
END

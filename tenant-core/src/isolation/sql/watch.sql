      DECLARE
        arguments text;
        kept bytea;
      BEGIN
        SELECT string_agg(format('%L', w.word), ', ' ORDER BY w.place),
          string_agg(convert_to(w.word, getdatabaseencoding()) || decode('00', 'hex'), '' ORDER BY w.place) INTO arguments, kept
        FROM unnest(ARRAY[tenant::text, tables[n]::oid::text]
          || ARRAY(SELECT json_array_elements_text(keys -> (n - 1)))) WITH ORDINALITY AS w (word, place);
        CONTINUE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook
          AND t.tgenabled = 'A' AND t.tgargs = kept);
        -- One that was switched off, or is of other keys, notes nothing that could be used.
        IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook) THEN
          EXECUTE format('DROP TRIGGER %I ON %s', hook, tables[n]);
        END IF;
        -- Not what the mover erases when all is over; what it writes in the target, with all that hangs on it.
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s FOR EACH ROW WHEN ((%s) AND (%L <> ''source'' OR NOT ({eraser})))
          EXECUTE FUNCTION tenancy.note_change(%s)',
          hook, event, tables[n], its, side, 'tenancy.moves'::regclass::oid, arguments);
      END;

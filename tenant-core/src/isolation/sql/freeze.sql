      IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = tables[n] AND t.tgname = hook) THEN
        -- Behind all others, too: one that comes between may make a row the tenant's.
        EXECUTE format('CREATE TRIGGER %I %s %s ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION tenancy.refuse_moving()',
          hook, CASE split_part(hook, '_', 2) WHEN 'moving' THEN 'BEFORE' ELSE 'AFTER' END, event, tables[n], its);
      END IF;

relation regclass;
BEGIN
FOR relation IN {tree} LOOP
    -- What filled it while it was made is done.
    EXECUTE coalesce((SELECT format('DROP TRIGGER %I ON %s', tgname, relation) FROM pg_trigger
      WHERE tgrelid = relation AND tgname = {transition} AND tgparentid = 0), 'SELECT 1');
    IF NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE a.attrelid = relation AND a.attname = {column}
        AND pg_get_expr(d.adbin, d.adrelid) = 'tenancy.current_tenant()') THEN
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT tenancy.current_tenant()', relation, {column});
    END IF;
  END LOOP;

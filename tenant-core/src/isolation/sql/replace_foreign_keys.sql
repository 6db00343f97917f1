fk record;
  look text;
  crossing bigint;
BEGIN
FOR fk IN {crossing} LOOP
    {look}
    INSERT INTO tenancy.ledger (kind, object, before)
    VALUES ('foreign key', format('%I ON %s', fk.conname, fk.child),
      json_build_object('table', fk.child, 'name', fk.conname, 'was', fk.old)::text) ON CONFLICT (kind, object) DO NOTHING;
    -- Several may want the same key.
    IF NOT fk.has_key AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = fk.parent AND conname = fk.key_name) THEN
      INSERT INTO tenancy.ledger (kind, object, before)
      VALUES ('key', format('%I ON %s', fk.key_name, fk.parent), json_build_object('table', fk.parent, 'name', fk.key_name, 'was', NULL::text)::text)
      ON CONFLICT (kind, object) DO NOTHING;
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I UNIQUE (%I, %s)', fk.parent, fk.key_name, fk.parent_col, fk.referenced_list);
    END IF;
    IF NOT fk.new_there THEN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s%s', fk.child, fk.new_name, fk.new,
        CASE WHEN NOT fk.convalidated THEN ' NOT VALID' END);
    END IF;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', fk.child, fk.conname);
    EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', fk.child, fk.new_name, fk.conname);
  END LOOP;


DECLARE
  look text;
  old_key text;
  new_key text;
BEGIN
  FOR n IN 2 .. TG_NARGS - 1 LOOP
    look := concat_ws(', ', look, format('%L, format(''%%s'', ($1).%I)', TG_ARGV[n], TG_ARGV[n]));
  END LOOP;
  look := format('SELECT json_build_object(%s)::text', look);
  IF TG_OP <> 'INSERT' THEN
    EXECUTE look INTO old_key USING OLD;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE look INTO new_key USING NEW;
  END IF;
  INSERT INTO tenancy.move_changes (tenant_id, relation, key)
  SELECT TG_ARGV[0]::{key}, TG_ARGV[1]::oid, k.key FROM (SELECT old_key UNION SELECT new_key) AS k (key)
  WHERE k.key IS NOT NULL;
  RETURN NULL;
END

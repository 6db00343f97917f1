was record;
BEGIN
IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN RETURN; END IF;
  FOR was IN SELECT * FROM tenancy.ledger WHERE kind = 'distributed' ORDER BY id DESC LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = to_regclass(was.object));
    PERFORM undistribute_table(was.object::regclass, cascade_via_foreign_keys => true);
  END LOOP;
  FOR was IN SELECT l.before::json ->> 'name' AS name FROM tenancy.ledger l
      JOIN pg_proc p ON p.oid = to_regprocedure(l.before::json ->> 'name') AND p.proname ~ {commands}
      WHERE l.kind = 'acl' AND starts_with(l.object, 'FUNCTION ') LOOP
    PERFORM run_command_on_workers(format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', was.name));
  END LOOP;

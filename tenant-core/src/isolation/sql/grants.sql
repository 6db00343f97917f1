relation regclass := {table}::regclass;
  sequence regclass;
  role name;
BEGIN
EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', relation);
  -- What an earlier arrangement, or somebody careless, gave them; the table's owner keeps its own.
  FOREACH role IN ARRAY {ours} LOOP
    IF role <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = relation) THEN
      EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', relation, role);
    END IF;
  END LOOP;
  FOREACH role IN ARRAY {readers} LOOP
    EXECUTE format('GRANT SELECT ON TABLE %s TO %I', relation, role);
  END LOOP;
  FOREACH role IN ARRAY {writers} LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %I', relation, role);
  END LOOP;
  FOR sequence IN SELECT d.objid::regclass FROM pg_depend d JOIN pg_class s
      ON s.oid = d.objid AND s.relkind = 'S'
      WHERE d.classid = 'pg_class'::regclass AND d.refobjid = relation AND d.deptype = 'a' LOOP
    EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM PUBLIC', sequence);
    FOREACH role IN ARRAY {writers} LOOP
      EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', sequence, role);
    END LOOP;
  END LOOP;

relation record;
  role name;
BEGIN
FOR relation IN SELECT c.oid, c.oid::regclass AS name, c.relkind,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
      FROM pg_class c WHERE c.oid IN ({in_schema}) ORDER BY c.oid::regclass::text LOOP
    IF EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = relation.oid AND a.grantee = 0)
        OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a
          WHERE t.attrelid = relation.oid AND a.grantee = 0) THEN
      EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', relation.kind, relation.name);
      -- Whoever does not own it is only warned.
      IF EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = relation.oid AND a.grantee = 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
          'everybody may use %s, and that could not be taken away: run this as its owner', relation.name);
      END IF;
    END IF;
    -- Partitions, materialised views, and a table that is declared no more; those that are get theirs below.
    IF relation.relkind IN ('r', 'p', 'm', 'f') AND relation.oid <> ALL ({declared}) THEN
      FOR role IN SELECT DISTINCT r.rolname FROM pg_roles r WHERE r.rolname = ANY ({ours}) AND (
          EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = relation.oid AND a.grantee = r.oid AND c.relowner <> r.oid)
          OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a
            WHERE t.attrelid = relation.oid AND a.grantee = r.oid)) LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %I', relation.name, role);
      END LOOP;
    END IF;
  END LOOP;

relation regclass;
  policy name;
BEGIN
FOR relation IN {tree} LOOP
    INSERT INTO tenancy.ledger (kind, object, before)
    SELECT 'row security', relation::text, relrowsecurity || ' ' || relforcerowsecurity
    FROM pg_class WHERE oid = relation
    ON CONFLICT (kind, object) DO NOTHING;
    -- Ours that are not wanted, and ours that somebody has altered.
    FOR policy IN SELECT p.polname FROM pg_policy p WHERE p.polrelid = relation
        AND starts_with(p.polname::text, 'tenancy_') AND (p.polname <> ALL ({wanted}) OR EXISTS (
            SELECT FROM tenancy.installed i WHERE i.kind = 'policy'
            AND i.object = format('%I on %s', p.polname, relation) AND i.value <> {policy_text})) LOOP
      EXECUTE format('DROP POLICY %I ON %s', policy, relation);
    END LOOP;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation) THEN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    END IF;
    IF NOT (SELECT relforcerowsecurity FROM pg_class WHERE oid = relation) THEN
      EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
    END IF;
    {create}
  END LOOP;

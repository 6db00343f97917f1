relation regclass;
  led_by name;
  other text;
  wrong record;
BEGIN
LOOP
    -- What is referred to before what refers to it.
    SELECT d.relid, d.col INTO relation, led_by
    FROM (SELECT s.relid, NULL::name AS col FROM ({shareds}) AS s (relid, col)
        UNION ALL SELECT t.relid, t.col FROM ({tenants}) AS t (relid, col)) AS d
    WHERE d.relid NOT IN (SELECT p.logicalrelid FROM pg_dist_partition p)
    ORDER BY d.col IS NOT NULL, (
        SELECT count(*) FROM pg_constraint con
        WHERE con.contype = 'f' AND con.conrelid = d.relid AND con.confrelid <> d.relid
        AND con.confrelid NOT IN (SELECT p.logicalrelid FROM pg_dist_partition p)), d.relid::regclass::text
    LIMIT 1;
    EXIT WHEN NOT FOUND;
    INSERT INTO tenancy.ledger (kind, object) VALUES ('distributed', relation::text)
    ON CONFLICT (kind, object) DO NOTHING;
    IF led_by IS NULL THEN
      PERFORM create_reference_table(relation);
      CONTINUE;
    END IF;
    SELECT string_agg(i.indexrelid::regclass::text, ', ' ORDER BY i.indexrelid::regclass::text) INTO other
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = led_by
    WHERE i.indrelid = relation AND (i.indisunique OR i.indisexclusion) AND a.attnum <> ALL (i.indkey);
    IF other IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format(
        'Citus cannot keep %s of %s unique over its workers: make it a key of (%I, …), then run this again',
        other, relation, led_by);
    END IF;
    SELECT p.logicalrelid::text INTO other FROM pg_dist_partition p
    JOIN ({tenants}) AS t (relid, col) ON t.relid = p.logicalrelid WHERE p.partmethod = 'h'
    ORDER BY p.logicalrelid::text LIMIT 1;
    PERFORM create_distributed_table(relation, led_by::text, colocate_with => coalesce(other, 'default'));
  END LOOP;
  FOR wrong IN SELECT p.logicalrelid AS relid, t.col FROM pg_dist_partition p
      JOIN ({tenants}) AS t (relid, col) ON t.relid = p.logicalrelid
      LEFT JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = t.col
      WHERE p.partmethod <> 'h' OR substring(p.partkey FROM ':varattno ([0-9]+)')::int2 IS DISTINCT FROM a.attnum LOOP
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format(
      '%s is not distributed by its tenant: SELECT undistribute_table(%L), then run this again',
      wrong.relid, wrong.relid);
  END LOOP;
  FOR wrong IN SELECT p.logicalrelid AS relid FROM pg_dist_partition p
      JOIN ({shareds}) AS s (relid, col) ON s.relid = p.logicalrelid WHERE p.partmethod <> 'n' LOOP
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format(
      '%s is shared and distributed: SELECT undistribute_table(%L), then run this again', wrong.relid, wrong.relid);
  END LOOP;

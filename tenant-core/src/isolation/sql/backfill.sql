page bigint;
  pages bigint;
  nobody bigint;
BEGIN
SET LOCAL search_path = pg_catalog, pg_temp;
  LOOP
    page := 0;
    pages := pg_relation_size({literal}::regclass) / current_setting('block_size')::bigint;
    WHILE page <= pages LOOP
      -- Each batch is found again if it is lost, so it need not wait for the disk.
      SET LOCAL synchronous_commit = off;
      -- Who owns a row is no change that the application's triggers should see; a superuser can say so.
      BEGIN
        SET LOCAL session_replication_role = replica;
      EXCEPTION WHEN insufficient_privilege THEN NULL;
      END;
      UPDATE ONLY {relation} AS t SET {column} = {value}
      WHERE t.ctid = ANY (ARRAY(
        SELECT f.ctid FROM ONLY {relation} AS f
        WHERE f.ctid >= format('(%s,0)', page)::tid AND f.ctid < format('(%s,0)', page + 16)::tid
        AND f.{column} IS NULL FOR NO KEY UPDATE SKIP LOCKED)) AND t.{column} IS NULL AND {fillable};
      page := page + 16;
      COMMIT;
      SET LOCAL search_path = pg_catalog, pg_temp;
    END LOOP;
    -- Rows that somebody had locked, or moved behind our back, are there still.
    EXIT WHEN NOT EXISTS (SELECT FROM ONLY {relation} AS t WHERE t.{column} IS NULL AND {fillable});
    PERFORM pg_sleep(0.02);
  END LOOP;
  SELECT count(*) INTO nobody FROM ONLY {relation} AS t WHERE t.{column} IS NULL;
  IF nobody > 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'not_null_violation', MESSAGE = nobody || {see};
  END IF;

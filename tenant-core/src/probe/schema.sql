SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
  EXISTS (
    SELECT FROM pg_catalog.pg_trigger t
    -- Those that count rows, or note them for a move, are ours, and rolled back with the rows.
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
      WHERE p.oid = t.tgfoid AND s.nspname = 'tenancy' AND p.proname IN ('count_rows', 'note_change'))
    AND t.tgrelid IN (
      -- `pg_partition_tree` would lock.
      WITH RECURSIVE tree AS (
        SELECT c.oid AS relid
        UNION SELECT h.inhrelid FROM tree JOIN pg_catalog.pg_inherits h ON h.inhparent = tree.relid)
      SELECT relid FROM tree)
  ) OR EXISTS (
    SELECT FROM pg_catalog.pg_rewrite w
    WHERE w.ev_class = c.oid AND w.ev_type <> '1' AND w.ev_enabled <> 'D'
  ) AS has_triggers,
  (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      -- Of a whole number that a narrower one refers to, that one: it has to hold the value as well.
      'base', coalesce((
        SELECT narrow.typname
        FROM pg_catalog.pg_constraint k, ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS pair (child, parent),
          pg_catalog.pg_attribute f, pg_catalog.pg_type narrow
        WHERE k.contype = 'f' AND k.confrelid = c.oid AND pair.parent = a.attnum
        AND f.attrelid = k.conrelid AND f.attnum = pair.child AND narrow.oid = f.atttypid
        AND base.typname IN ('int4', 'int8') AND narrow.typname IN ('int2', 'int4') AND narrow.typname < base.typname
        ORDER BY narrow.typlen LIMIT 1), base.typname), 'base_kind', base.typtype, 'category', base.typcategory,
      'typmod', CASE WHEN a.atttypmod <> -1 THEN a.atttypmod ELSE base.typmod END,
      'labels', (
        SELECT coalesce(pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
        FROM pg_catalog.pg_enum e WHERE e.enumtypid = base.oid),
      'not_null', a.attnotnull OR base.not_null,
      'identity', a.attidentity, 'generated', a.attgenerated,
      'default', coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), base.typdefault),
      'default_acts', EXISTS (
        SELECT FROM pg_catalog.pg_depend x
        WHERE x.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND x.objid = d.oid
        AND (x.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          OR x.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND x.refobjid <> c.oid)),
      'hints', (
        SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', hints.name, 'text', hints.hint)), '[]')
        FROM (
          SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k
          WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey)
          UNION ALL
          SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid)
          FROM pg_catalog.pg_constraint k
          WHERE k.contypid = a.atttypid AND a.atttypid <> base.oid AND k.contype = 'c'
          UNION ALL
          SELECT '', pg_catalog.pg_get_expr(child.relpartbound, child.oid)
          FROM (
      WITH RECURSIVE tree AS (
        SELECT c.oid AS relid
        UNION SELECT h.inhrelid FROM tree JOIN pg_catalog.pg_inherits h ON h.inhparent = tree.relid)
      SELECT relid FROM tree) AS p
          JOIN pg_catalog.pg_class child ON child.oid = p.relid
          WHERE c.relkind = 'p' AND child.relpartbound IS NOT NULL AND EXISTS (
            SELECT FROM pg_catalog.pg_partitioned_table pt
            WHERE pt.partrelid = c.oid AND (a.attnum = ANY (pt.partattrs) OR 0 = ANY (pt.partattrs)))
        ) AS hints (name, hint))
    ) ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    CROSS JOIN LATERAL (
      WITH RECURSIVE domain AS (
        SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype, -1 AS typmod,
          t.typtypmod, false AS not_null, t.typnotnull, t.typdefault
        FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
        UNION ALL
        SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype, below.typtypmod,
          t.typtypmod, below.not_null OR below.typnotnull, t.typnotnull,
          coalesce(below.typdefault, t.typdefault)
        FROM domain below JOIN pg_catalog.pg_type t ON t.oid = below.typbasetype
        WHERE below.typtype = 'd'
      ) SELECT * FROM domain WHERE typtype <> 'd'
    ) AS base
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns,
  (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname, 'parent', k.confrelid::bigint,
      'columns', (
        SELECT pg_catalog.json_agg(a.attname ORDER BY x.n)
        FROM unnest(k.conkey) WITH ORDINALITY AS x (attnum, n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum),
      'parent_columns', (
        SELECT pg_catalog.json_agg(a.attname ORDER BY x.n)
        FROM unnest(k.confkey) WITH ORDINALITY AS x (attnum, n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.attnum)
    ) ORDER BY k.conname), '[]')
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype = 'f'
    -- A key to a partitioned table has one more constraint for each partition.
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint above
      WHERE above.oid = k.conparentid AND above.conrelid = k.conrelid)
  ) AS foreign_keys,
  (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', x.relname, 'primary', i.indisprimary, 'partial', i.indpred IS NOT NULL,
      'columns', (
        SELECT coalesce(CASE WHEN NOT 0 = ANY (i.indkey::smallint[])
          THEN pg_catalog.json_agg(a.attname ORDER BY k.n) END, '[]')
        FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE k.n <= i.indnkeyatts)
    ) ORDER BY x.relname), '[]')
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
  ) AS unique_keys,
  (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname, 'primary', false, 'partial', false,
      'columns', (
        SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY x.n), '[]')
        FROM unnest(k.conkey) WITH ORDINALITY AS x (attnum, n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum)
    ) ORDER BY k.conname), '[]')
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype = 'x'
  ) AS exclusions,
  (
    WITH RECURSIVE below AS (
      SELECT h.inhrelid AS oid FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid
      UNION SELECT h.inhrelid FROM below JOIN pg_catalog.pg_inherits h ON h.inhparent = below.oid)
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', s.nspname,
      'name', r.relname, 'kind', r.relkind, 'columns', '[]'::json) ORDER BY s.nspname, r.relname), '[]')
    FROM below JOIN pg_catalog.pg_class r ON r.oid = below.oid
    JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
  ) AS children,
  (
    WITH RECURSIVE above AS (
      SELECT h.inhparent AS oid FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid
      UNION SELECT h.inhparent FROM above JOIN pg_catalog.pg_inherits h ON h.inhrelid = above.oid)
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', s.nspname,
      'name', r.relname, 'kind', r.relkind, 'columns', (
        SELECT coalesce(pg_catalog.json_agg(v.attname), '[]') FROM pg_catalog.pg_attribute v
        WHERE v.attrelid = r.oid AND v.attnum > 0 AND NOT v.attisdropped
      )) ORDER BY s.nspname, r.relname), '[]')
    FROM above JOIN pg_catalog.pg_class r ON r.oid = above.oid
    JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
  ) AS parents,
  (
    WITH RECURSIVE readers AS (
      SELECT w.ev_class AS oid FROM pg_catalog.pg_depend x
      JOIN pg_catalog.pg_rewrite w ON w.oid = x.objid
      WHERE x.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND x.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND x.refobjid = c.oid AND w.ev_class <> c.oid
      UNION
      SELECT w.ev_class FROM readers
      JOIN pg_catalog.pg_depend x ON x.refobjid = readers.oid
      JOIN pg_catalog.pg_rewrite w ON w.oid = x.objid
      WHERE x.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND x.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.ev_class <> readers.oid)
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', s.nspname,
      'name', r.relname, 'kind', r.relkind, 'columns', (
        SELECT coalesce(pg_catalog.json_agg(v.attname), '[]') FROM pg_catalog.pg_attribute v
        WHERE v.attrelid = r.oid AND v.attnum > 0 AND NOT v.attisdropped
      )) ORDER BY s.nspname, r.relname), '[]')
    FROM readers JOIN pg_catalog.pg_class r ON r.oid = readers.oid AND r.relkind IN ('v', 'm')
    JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
  ) AS views,
  (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', s.nspname,
      'name', r.relname, 'kind', r.relkind, 'columns', '[]'::json) ORDER BY s.nspname, r.relname), '[]')
    FROM pg_catalog.pg_depend x
    JOIN pg_catalog.pg_class r ON r.oid = x.objid AND r.relkind = 'S'
    JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
    WHERE x.refobjid = c.oid AND x.deptype IN ('a', 'i')
    AND x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND x.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  ) AS sequences,
  (
    SELECT pg_catalog.min(y.polname::text) FROM pg_catalog.pg_policy y WHERE y.polrelid = c.oid
  ) AS policy
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {which}

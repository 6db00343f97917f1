SELECT a.attrelid::bigint AS relid, a.attname AS name, format_type(a.atttypid, -1) AS input,
  CASE WHEN a.atttypid = ANY (ARRAY['int2', 'int4', 'float4', 'float8', 'bool']::regtype[]) THEN 'bare'
    -- A cast that somebody made may print something else than the type does.
    WHEN EXISTS (SELECT FROM pg_cast k WHERE k.castsource = base.oid AND k.casttarget = 'text'::regtype AND k.castfunc >= 16384)
      THEN 'printed'
    -- The cast drops the spaces at the end, which count where no length brings them back.
    WHEN base.oid = 'bpchar'::regtype AND base.typmod < 0 THEN 'printed' ELSE 'cast' END AS print,
  base.oid IN ('json'::regtype, 'jsonb'::regtype) AS is_json
FROM pg_attribute a, LATERAL (
    WITH RECURSIVE d (oid, below, typmod) AS (
      SELECT t.oid, t.typbasetype, CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END FROM pg_type t WHERE t.oid = a.atttypid
      UNION ALL
      SELECT t.oid, t.typbasetype, CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE d.typmod END FROM d JOIN pg_type t ON t.oid = d.below
    ) SELECT d.oid, d.typmod FROM d WHERE d.below = 0
  ) AS base
WHERE a.attrelid::bigint = ANY (ARRAY[{oids}]::bigint[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attrelid, a.attnum

WITH RECURSIVE declared (name, col, check_name, index_name, trigger_name) AS (VALUES {tables})
SELECT d.name, c.oid::regclass::text AS found, c.relkind IN ('r', 'p') AS stored, c.relkind = 'p' AS partitioned,
  a.attname IS NOT NULL AS has_column,
  (SELECT coalesce(json_agg(attname), '[]') FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
  format_type(a.atttypid, NULL) AS type, coalesce(a.attnotnull, false) AS not_null,
  pg_get_expr(x.adbin, x.adrelid) AS usual,
  k.oid IS NOT NULL AS has_check, coalesce(k.convalidated, false) AS check_valid,
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum
    AND i.indisvalid AND i.indpred IS NULL) AS has_index,
  (SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND ic.relname = d.index_name AND NOT i.indisvalid) AS invalid_index,
  EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = d.trigger_name) AS has_trigger,
  c.relrowsecurity AS walled,
  EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname <> d.trigger_name
    AND t.tgtype & 16 <> 0) AS on_update,
  (WITH RECURSIVE tree (relid, parent, depth) AS (
      SELECT c.oid, NULL::oid, 0 UNION ALL SELECT i.inhrelid, i.inhparent, t.depth + 1 FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)
    SELECT json_agg(json_build_object('name', r.oid::regclass::text, 'relname', r.relname, 'schema', n.nspname,
      'parent', t.parent::regclass::text, 'partitioned', r.relkind = 'p', 'partition', r.relispartition, 'table', r.relkind = 'r',
      'index', (SELECT json_build_object('name', i.indexrelid::regclass::text, 'valid', i.indisvalid,
          'attached', EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))
        FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
        WHERE i.indrelid = r.oid AND i.indnatts = 1 AND i.indkey[0] = (SELECT attnum FROM pg_attribute
          WHERE attrelid = r.oid AND attname = d.col AND NOT attisdropped) AND i.indpred IS NULL AND NOT i.indisunique
        ORDER BY i.indisvalid DESC, ic.relname ~ '_tenancy_idx$' DESC LIMIT 1)) ORDER BY t.depth, r.oid::regclass::text)
    FROM tree t JOIN pg_class r ON r.oid = t.relid JOIN pg_namespace n ON n.oid = r.relnamespace)
    AS tree
FROM declared d JOIN pg_class c ON c.oid = d.name::regclass
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = d.col AND NOT a.attisdropped
LEFT JOIN pg_attrdef x ON (x.adrelid, x.adnum) = (a.attrelid, a.attnum)
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.conname = d.check_name

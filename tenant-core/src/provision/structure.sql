-- The statements that make what is in a schema ($1), in their order. They are written for a search path that
-- begins with the schema, and so name nothing of it by its schema, but for what is read from it.
WITH RECURSIVE home AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = $1),
own AS (
  SELECT c.*, format('%I', c.relname) AS name, obj_description(c.oid, 'pg_class') AS comment,
    array_to_string(c.reloptions, ', ') AS options
  FROM pg_class c JOIN home ON c.relnamespace = home.oid
  WHERE NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
),
-- What makes an identity makes its sequence.
identities AS (
  SELECT objid AS oid FROM pg_depend
  WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype = 'i'
),
{view_depth},
views AS (SELECT oid, max(depth) AS depth FROM view_depth GROUP BY oid),
statements (step, place, part, sql) AS (
  SELECT 1, own.name, '', format('CREATE %sSEQUENCE %s AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s',
    CASE own.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, own.name, format_type(s.seqtypid, NULL),
    s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
  FROM own JOIN pg_sequence s ON s.seqrelid = own.oid WHERE own.oid NOT IN (SELECT oid FROM identities)
UNION ALL
  SELECT 2, own.name, '', format('CREATE %sTABLE %s (LIKE %I.%s INCLUDING COMMENTS INCLUDING COMPRESSION '
      'INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE) USING %I%s',
    CASE own.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, own.name, home.nspname, own.name, am.amname,
    ' WITH (' || own.options || ')')
  FROM own JOIN pg_am am ON am.oid = own.relam, home WHERE own.relkind = 'r'
UNION ALL
  SELECT 3, own.name, '', format('ALTER SEQUENCE %s OWNED BY %s.%I', own.name, t.name, a.attname)
  FROM own JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = own.oid AND d.deptype = 'a'
  JOIN own t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE own.relkind = 'S'
UNION ALL
  SELECT 3, own.name, lpad(a.attnum::text, 5, '0'),
    format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', own.name, a.attname, pg_get_expr(d.adbin, d.adrelid))
  FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attgenerated = '' AND NOT a.attisdropped
  JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE own.relkind = 'r'
UNION ALL
  SELECT 3, own.name, lpad(a.attnum::text, 5, '0') || 's',
    format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', own.name, a.attname, a.attstattarget)
  FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE own.relkind = 'r' AND coalesce(a.attstattarget, -1) >= 0
UNION ALL
  SELECT 3, own.name, lpad(a.attnum::text, 5, '0') || 'o',
    format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', own.name, a.attname, array_to_string(a.attoptions, ', '))
  FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE own.relkind = 'r' AND a.attoptions IS NOT NULL
UNION ALL
  SELECT 4, own.name, con.conname,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', own.name, con.conname, pg_get_constraintdef(con.oid, true))
  FROM own JOIN pg_constraint con ON con.conrelid = own.oid AND con.contype IN ('p', 'u', 'x')
UNION ALL
  SELECT 5, own.name, '', format('ALTER INDEX %s SET (%s)', own.name, own.options)
  FROM own JOIN pg_constraint con ON con.conindid = own.oid AND con.contype IN ('p', 'u', 'x')
  WHERE own.options IS NOT NULL
UNION ALL
  SELECT 6, t.name, i.name, pg_get_indexdef(x.indexrelid, 0, true)
  FROM pg_index x JOIN own t ON t.oid = x.indrelid AND t.relkind = 'r' JOIN own i ON i.oid = x.indexrelid
  WHERE NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = x.indexrelid AND con.contype IN ('p', 'u', 'x'))
UNION ALL
  SELECT 7, own.name, '', 'ALTER TABLE ' || own.name || ' REPLICA IDENTITY ' || CASE own.relreplident
    WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX ' || (SELECT x.indexrelid::regclass
      FROM pg_index x WHERE x.indrelid = own.oid AND x.indisreplident) END
  FROM own WHERE own.relkind = 'r' AND own.relreplident <> 'd'
UNION ALL
  SELECT 8, own.name, i.name, format('ALTER TABLE %s CLUSTER ON %s', own.name, i.name)
  FROM own JOIN pg_index x ON x.indrelid = own.oid AND x.indisclustered JOIN own i ON i.oid = x.indexrelid
  WHERE own.relkind = 'r'
UNION ALL
  SELECT 9, own.name, con.conname,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', own.name, con.conname, pg_get_constraintdef(con.oid, true))
  FROM own JOIN pg_constraint con ON con.conrelid = own.oid AND con.contype = 'f'
UNION ALL
  -- PostgreSQL always names the schema here: it is cut off.
  SELECT 10, s.stxname, '', 'CREATE STATISTICS ' || substr(pg_get_statisticsobjdef(s.oid),
    length(format('CREATE STATISTICS %I.', home.nspname)) + 1)
  FROM pg_statistic_ext s JOIN home ON s.stxnamespace = home.oid
UNION ALL
  SELECT 11, to_char(views.depth, 'FM00000'), own.name, format('CREATE %sVIEW %s%s AS %s',
    CASE own.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, own.name, ' WITH (' || own.options || ')',
    rtrim(pg_get_viewdef(own.oid, true), ';'))
  FROM own JOIN views USING (oid)
UNION ALL
  SELECT 12, t.name, i.name, pg_get_indexdef(x.indexrelid, 0, true)
  FROM pg_index x JOIN own t ON t.oid = x.indrelid AND t.relkind = 'm' JOIN own i ON i.oid = x.indexrelid
UNION ALL
  -- The isolation makes its own.
  SELECT 13, own.name, t.tgname, pg_get_triggerdef(t.oid, true)
  FROM own JOIN pg_trigger t ON t.tgrelid = own.oid AND NOT t.tgisinternal
  JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace n ON n.oid = f.pronamespace WHERE n.nspname <> 'tenancy'
UNION ALL
  SELECT 14, own.name, t.tgname, format('ALTER TABLE %s %s TRIGGER %I', own.name, CASE t.tgenabled
    WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)
  FROM own JOIN pg_trigger t ON t.tgrelid = own.oid AND NOT t.tgisinternal AND t.tgenabled <> 'O'
  JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace n ON n.oid = f.pronamespace WHERE n.nspname <> 'tenancy'
UNION ALL
  SELECT 15, own.name, '', format('COMMENT ON %s %s IS %L', CASE own.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW'
    WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'INDEX' END, own.name, own.comment)
  FROM own WHERE own.comment IS NOT NULL
UNION ALL
  SELECT 15, own.name, con.conname, format('COMMENT ON CONSTRAINT %I ON %s IS %L', con.conname, own.name,
    obj_description(con.oid, 'pg_constraint'))
  FROM own JOIN pg_constraint con ON con.conrelid = own.oid WHERE obj_description(con.oid, 'pg_constraint') IS NOT NULL
UNION ALL
  SELECT 15, own.name, a.attname, format('COMMENT ON COLUMN %s.%I IS %L', own.name, a.attname,
    col_description(own.oid, a.attnum))
  FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE own.relkind IN ('v', 'm') AND col_description(own.oid, a.attnum) IS NOT NULL
UNION ALL
  -- What the ORMs keep of migrations: the new schema is where the template is.
  SELECT 16, own.name, '', format('INSERT INTO %s SELECT * FROM %I.%s', own.name, home.nspname, own.name)
  FROM own, home WHERE own.relkind = 'r' AND own.relname = ANY ({migrations})
)
SELECT sql FROM statements ORDER BY step, place COLLATE "C", part COLLATE "C"

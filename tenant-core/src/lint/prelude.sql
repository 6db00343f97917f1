-- What the rules build on. Before it come the literals of one tenancy and layout: `server`,
-- `layout`, `declared`, `our_name`, `app_schema_name`, `operator_function`. It runs with `search_path = pg_catalog,
-- pg_temp`, so a bare name is PostgreSQL's own, and whatever deparses names everything in full.

app_schema AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_namespace n JOIN app_schema_name s ON s.name = n.nspname
),

-- The layout's roles; without an oid where the server has none of that name.
our_role AS MATERIALIZED (
  SELECT o.kind, o.name, quote_ident(o.name) AS label, r.oid, r.rolsuper, r.rolbypassrls,
         r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication
  FROM our_name o LEFT JOIN pg_roles r ON r.rolname = o.name
),

-- Whatever the application's logins can become. Owner and admin have a rule of their own.
app_reach (oid, via, first) AS (
  SELECT oid, oid, NULL::oid FROM our_role
  WHERE oid IS NOT NULL AND kind NOT IN ('admin', 'owner', 'analytics', 'staff', 'search')
  UNION
  SELECT m.roleid, a.via, coalesce(a.first, m.roleid)
  FROM app_reach a JOIN pg_auth_members m ON m.member = a.oid, LATERAL to_jsonb(m) AS j
  WHERE (m.admin_option OR coalesce((j ->> 'set_option')::boolean, true)
         OR coalesce((j ->> 'inherit_option')::boolean, true))
    AND m.roleid NOT IN (SELECT oid FROM our_role WHERE oid IS NOT NULL)
),
app_role AS MATERIALIZED (
  SELECT DISTINCT ON (a.oid) a.oid, quote_ident(r.rolname) AS name, o.kind, a.via, a.first
  FROM app_reach a JOIN pg_roles r ON r.oid = a.oid LEFT JOIN our_role o ON o.oid = a.oid
  ORDER BY a.oid, a.first NULLS FIRST
),
-- Those that have no business owning what is ours: one role for everything has, unless it must not
-- know the seal's keys.
not_by_choice AS MATERIALIZED (
  SELECT a.* FROM app_role a, layout l WHERE a.kind IS DISTINCT FROM 'single' OR l.sealed
),
-- All of them and everybody.
grantee AS MATERIALIZED (
  SELECT oid, name, kind FROM app_role UNION ALL SELECT 0::oid, 'PUBLIC', 'public'
),

extension_member AS MATERIALIZED (
  SELECT classid, objid FROM pg_depend
  WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
),

-- Tables, views and sequences of users, with what the declaration says of them.
relation AS MATERIALIZED (
  SELECT c.oid, c.oid::regclass::text AS label,
         CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view '
           WHEN 'f' THEN 'foreign table ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END
           || c.oid::regclass::text AS object, c.relkind AS kind, c.relnamespace AS schema,
         n.nspname, c.relowner AS owner, c.relrowsecurity AS secured,
         c.relforcerowsecurity AS forced, c.reloptions AS options, d.kind AS declared, d.col
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN declared d ON d.schema = n.nspname AND d.name = c.relname
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast\_temp\_%'
),
tenant_table AS MATERIALIZED (
  SELECT r.*, a.attnum, a.atttypid, a.attnotnull, r.oid AS root, false AS is_child,
         format('%I = ', r.col) || (SELECT asks FROM layout) AS test
  FROM relation r LEFT JOIN pg_attribute a
    ON a.attrelid = r.oid AND a.attname = r.col AND a.attnum > 0 AND NOT a.attisdropped
  WHERE r.declared = 'tenant' AND r.kind IN ('r', 'p')
),
shared_table AS MATERIALIZED (SELECT * FROM relation WHERE declared = 'shared'),

-- Partitions and inheritance children of tenant tables, however deep.
descendant (oid, root, col) AS (
  SELECT i.inhrelid, t.oid, t.col FROM tenant_table t JOIN pg_inherits i ON i.inhparent = t.oid
  UNION
  SELECT i.inhrelid, d.root, d.col FROM descendant d JOIN pg_inherits i ON i.inhparent = d.oid
),
child AS MATERIALIZED (
  SELECT DISTINCT ON (r.oid) r.oid, r.label, r.object, r.kind, r.schema, r.nspname, r.owner, r.secured,
         r.forced, r.options, r.declared, d.col, a.attnum, a.atttypid, a.attnotnull, d.root,
         true AS is_child, format('%I = ', d.col) || (SELECT asks FROM layout) AS test,
         c.relispartition AS is_partition
  FROM descendant d JOIN relation r ON r.oid = d.oid JOIN pg_class c ON c.oid = r.oid
  LEFT JOIN pg_attribute a
    ON a.attrelid = r.oid AND a.attname = d.col AND a.attnum > 0 AND NOT a.attisdropped
  WHERE r.declared IS NULL
),
-- Every table that holds tenants' rows.
holder AS MATERIALIZED (
  SELECT oid, label, object, kind, schema, nspname, owner, secured, forced, declared, col,
         attnum, root, is_child, test FROM tenant_table
  UNION ALL
  SELECT oid, label, object, kind, schema, nspname, owner, secured, forced, declared, col,
         attnum, root, is_child, test FROM child WHERE kind IN ('r', 'p')
),

-- Who of `grantee` may do what; what an owner may do by owning is not a grant.
relation_grant AS MATERIALIZED (
  SELECT r.oid AS relid, r.label, r.object, r.kind, r.schema, r.nspname, r.declared, g.oid AS grantee,
         g.name AS grantee_name, g.kind AS grantee_kind, a.privilege_type AS privilege,
         a.is_grantable, h.oid IS NOT NULL AS holds
  FROM relation r JOIN pg_class c ON c.oid = r.oid CROSS JOIN LATERAL aclexplode(c.relacl) a
  JOIN grantee g ON g.oid = a.grantee
  LEFT JOIN holder h ON h.oid = r.oid
  WHERE c.relacl IS NOT NULL AND a.grantee <> c.relowner
),
column_grant AS MATERIALIZED (
  SELECT r.oid AS relid, r.label, r.object, r.declared, quote_ident(t.attname) AS col, g.oid AS grantee,
         g.name AS grantee_name, g.kind AS grantee_kind, a.privilege_type AS privilege,
         h.oid IS NOT NULL AS holds
  FROM relation r JOIN pg_attribute t ON t.attrelid = r.oid
  CROSS JOIN LATERAL aclexplode(t.attacl) a
  JOIN grantee g ON g.oid = a.grantee
  LEFT JOIN holder h ON h.oid = r.oid
  WHERE t.attacl IS NOT NULL AND NOT t.attisdropped AND a.grantee <> r.owner
),
schema_grant AS MATERIALIZED (
  SELECT n.oid, n.nspname, g.name AS grantee_name, g.oid AS grantee, a.privilege_type AS privilege
  FROM pg_namespace n
  CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
  JOIN grantee g ON g.oid = a.grantee
  WHERE a.grantee <> n.nspowner
),
-- The schemas in which the application can name something.
open_schema AS MATERIALIZED (
  SELECT oid FROM schema_grant WHERE privilege = 'USAGE'
  UNION SELECT n.oid FROM pg_namespace n JOIN app_role a ON a.oid = n.nspowner
),

raw_policy AS MATERIALIZED (
  SELECT p.oid, p.polrelid, p.polname, p.polpermissive, p.polcmd, p.polroles,
         pg_get_expr(p.polqual, p.polrelid) AS qual,
         pg_get_expr(p.polwithcheck, p.polrelid) AS chk
  FROM pg_policy p JOIN holder h ON h.oid = p.polrelid
),
-- What an expression looks like from outside: the tenant column by a name without quotes (`me`),
-- literals and other quoted names emptied, a sub-select as `?`, and what is left of the parentheses
-- square. So `[tenant_id = ?]` is found whatever the sub-select says.
expression AS MATERIALIZED (
  SELECT e.raw, e.col, e.me, e.plain, (
    WITH RECURSIVE fold (text, n) AS (
      SELECT e.plain, 0
      UNION ALL
      SELECT regexp_replace(regexp_replace(text, '\((?! SELECT\M)([^()]*)\)', '[\1]', 'g'),
                            '\( SELECT\M[^()]*\)', '?', 'g'), n + 1
      FROM fold WHERE n < 40 AND text ~ '[()]'
    )
    SELECT text FROM fold ORDER BY n DESC LIMIT 1) AS outline
  FROM (
    SELECT d.raw, d.col, m.me,
           regexp_replace(replace(d.raw, quote_ident(d.col), m.me),
                          '''([^'']|'''')*''|"([^"]|"")*"', '''''', 'g') AS plain
    FROM (SELECT p.qual AS raw, h.col FROM raw_policy p JOIN holder h ON h.oid = p.polrelid
          UNION SELECT p.chk, h.col FROM raw_policy p JOIN holder h ON h.oid = p.polrelid) d,
    LATERAL (SELECT CASE WHEN quote_ident(d.col) = d.col THEN d.col
                    ELSE 'tenancy_column_' END) m (me)
    WHERE d.raw IS NOT NULL) e
),
-- Whether an expression compares the tenant column with something, on its own level or as the
-- outer column of a correlated sub-select, and whether nothing beside that can let a row in.
tested AS MATERIALIZED (
  SELECT x.raw, x.col, x.me, x.outline, t.tests,
         t.tests AND x.outline !~ '\m(OR|CASE|COALESCE)\M' AS holds
  FROM expression x,
  LATERAL (SELECT (
       x.outline ~ ('(^|[^[:alnum:]_."])' || x.me || '\]?(::[a-z_0-9 ."]+)?\]? (=|IN) ')
    OR x.outline ~ ('(=|ANY) \[*' || x.me || '(\]|$)')
    OR x.plain ~ ('\.' || x.me || '( =|\))')
  )
    -- With itself, with a value that is the same for everybody, or turned round, it tests nothing.
    AND x.outline !~ (x.me || ' = ' || x.me)
    AND x.outline !~ (x.me || '\]?(::[a-z_0-9 ."]+)?\]? = \[*(''''|[0-9]|NULL)')
    AND x.outline !~ ('NOT \[+' || x.me)
    -- With a value made of the row's own, or where only an answer is asked for, whichever it is.
    AND x.outline !~ (x.me || ' = \[*[[:alnum:]_."]+\[[^]]*\m' || x.me || '\M')
    AND x.plain !~ ('\( SELECT ([[:alnum:]_"]+\.)*' || x.me || '(\)| AS )')
    AND x.outline !~ (x.me || '\]?(::[a-z_0-9 ."]+)?\]? (=|IN) [^][]*\]+ IS ') AS tests) t
),
policy AS MATERIALIZED (
  SELECT p.oid, h.oid AS relid, h.label AS rel, h.col, h.test, p.polname AS name,
         format('policy %I on %s', p.polname, h.label) AS object, p.polpermissive AS permissive,
         p.polcmd AS cmd, p.polroles AS roles,
         EXISTS (SELECT FROM grantee g WHERE g.oid = ANY (p.polroles)) AS ours,
         coalesce(r.me, w.me) AS me, p.qual, p.chk, r.outline AS outline, w.outline AS check_outline,
         -- Without an expression there is nothing to test: it lets nothing in.
         p.polcmd = 'a' OR r.raw IS NULL OR r.tests AS reads_tested,
         p.polcmd IN ('r', 'd') OR w.raw IS NULL OR w.tests AS writes_tested,
         coalesce(r.holds, p.polcmd = 'a') AS reads_held,
         coalesce(w.holds, p.polcmd IN ('r', 'd')) AS writes_held,
         concat_ws(E'\n', p.qual, p.chk) AS text,
         concat_ws(E'\n', r.outline, w.outline) AS outlines,
         format('ALTER POLICY %I ON %s', p.polname, h.label)
           || CASE WHEN p.polcmd <> 'a' THEN format(' USING (%s)', h.test) ELSE '' END
           || CASE WHEN p.polcmd IN ('a', 'w', '*') THEN format(' WITH CHECK (%s)', h.test)
              ELSE '' END || ';' AS mend
  FROM raw_policy p JOIN holder h ON h.oid = p.polrelid
  LEFT JOIN tested r ON r.raw = p.qual AND r.col = h.col AND p.polcmd <> 'a'
  LEFT JOIN tested w ON w.raw = coalesce(p.chk, p.qual) AND w.col = h.col
    AND p.polcmd IN ('a', 'w', '*')
),
command (cmd, word) AS MATERIALIZED (
  VALUES ('r'::"char", 'SELECT'), ('a'::"char", 'INSERT'), ('w'::"char", 'UPDATE'),
         ('d'::"char", 'DELETE')
),
-- Where no restrictive policy stands between a role of the application and others' rows.
gap AS MATERIALIZED (
  SELECT h.oid AS relid, h.label, h.col, h.test, a.oid AS role, a.name, a.kind, c.cmd, c.word
  FROM holder h CROSS JOIN app_role a CROSS JOIN command c
  WHERE h.secured
  EXCEPT
  SELECT h.oid, h.label, h.col, h.test, a.oid, a.name, a.kind, c.cmd, c.word
  FROM policy p JOIN holder h ON h.oid = p.relid
  JOIN app_role a ON a.oid = ANY (p.roles) OR 0::oid = ANY (p.roles)
  JOIN command c ON p.cmd IN ('*', c.cmd)
  WHERE NOT p.permissive
    AND CASE c.cmd WHEN 'a' THEN p.writes_held WHEN 'w' THEN p.reads_held AND p.writes_held
        ELSE p.reads_held END
),
-- Policies that let a role of the application at rows without asking whose they are.
loose AS MATERIALIZED (
  SELECT p.*, EXISTS (
      SELECT FROM gap g WHERE g.relid = p.relid AND p.cmd IN ('*', g.cmd)
      AND (g.role = ANY (p.roles) OR 0::oid = ANY (p.roles))
      AND CASE g.cmd WHEN 'a' THEN NOT p.writes_tested
          WHEN 'w' THEN NOT (p.reads_tested AND p.writes_tested) ELSE NOT p.reads_tested END
    ) AS unwalled,
    coalesce(p.outline, p.check_outline) ~ '^\[*(true|1 = 1)\]*$' AS always
  FROM policy p
  WHERE p.permissive AND p.ours AND NOT (p.reads_tested AND p.writes_tested)
),

-- Whom no policy holds.
all_seeing AS MATERIALIZED (
  SELECT oid FROM pg_roles WHERE rolsuper OR rolbypassrls
  UNION SELECT oid FROM our_role WHERE kind IN ('admin', 'owner', 'analytics', 'staff', 'search') AND oid IS NOT NULL
  UNION SELECT owner FROM holder WHERE NOT (secured AND forced)
  UNION SELECT unnest(p.roles) FROM policy p
    WHERE p.permissive AND NOT p.ours AND NOT p.reads_tested
),
-- Views that read tenants' rows, also through other views.
view_over (oid) AS (
  SELECT w.ev_class FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
  JOIN holder h ON h.oid = d.refobjid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND w.ev_class <> h.oid
  UNION
  SELECT w.ev_class FROM view_over v JOIN pg_depend d ON d.refobjid = v.oid
  JOIN pg_rewrite w ON w.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND w.ev_class <> v.oid
),
-- Functions that somebody made, and whether the application can call them.
routine AS MATERIALIZED (
  SELECT p.oid, p.oid::regprocedure::text AS label,
         CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word,
         n.nspname, p.proowner AS owner, p.prosecdef AS definer, p.proconfig AS config,
         p.provolatile AS volatility, p.proleakproof AS leakproof, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS source,
         l.lanname AS language, p.prorettype, p.proname::text AS name, p.prosqlbody IS NOT NULL AS looked_up,
         (SELECT string_agg(g.name, ', ' ORDER BY g.name)
          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
          JOIN grantee g ON g.oid = a.grantee
          WHERE p.pronamespace IN (SELECT oid FROM open_schema)) AS callers
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind IN ('f', 'p')
    AND NOT EXISTS (SELECT FROM extension_member e
                    WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
),
-- `ALTER ROLE … SET` and `ALTER DATABASE … SET` that reach the application here.
login_setting AS MATERIALIZED (
  SELECT CASE WHEN s.setrole = 0 THEN 'pg_database'::regclass ELSE 'pg_authid'::regclass END
           AS classid,
         CASE WHEN s.setrole = 0 THEN s.setdatabase ELSE s.setrole END AS objid,
         CASE WHEN s.setrole = 0 THEN 'database ' || quote_ident(current_database())
              ELSE 'role ' || a.name END AS object,
         lower(split_part(v, '=', 1)) AS name, substr(v, strpos(v, '=') + 1) AS value,
         CASE WHEN s.setrole = 0 THEN 'ALTER DATABASE ' || quote_ident(current_database())
              ELSE 'ALTER ROLE ' || a.name || CASE WHEN s.setdatabase = 0 THEN ''
                ELSE ' IN DATABASE ' || quote_ident(current_database()) END END
           || ' RESET ' || split_part(v, '=', 1) || ';' AS mend
  FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS v
  LEFT JOIN app_role a ON a.oid = s.setrole
  WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND (s.setrole = 0 OR a.oid IS NOT NULL)
),
index_ AS MATERIALIZED (
  SELECT i.indexrelid AS oid, i.indexrelid::regclass::text AS label, h.oid AS relid,
         h.label AS rel, h.col, h.attnum, h.is_child, (i.indkey::smallint[])[0:] AS keys,
         (i.indkey::smallint[])[0:i.indnkeyatts - 1] AS key_columns, i.indclass::text AS classes,
         i.indoption::text AS options, i.indcollation::text AS collations,
         i.indisunique AS is_unique, i.indisprimary AS is_primary, i.indisvalid AS is_valid,
         i.indisexclusion AS is_exclusion, i.indexprs, i.indpred, m.amname AS method,
         pg_get_indexdef(i.indexrelid) AS definition,
         con.oid AS constraint_oid, con.conname,
         c.relispartition AS is_partition
  FROM pg_index i JOIN holder h ON h.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
  LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid
    AND con.contype IN ('p', 'u', 'x')
),
-- PostgreSQL's functions behind operators: with what they may be marked LEAKPROOF; NULL for never.
judged AS MATERIALIZED (
  SELECT p.oid, o.signature, o.mark, p.proleakproof AS marked
  FROM operator_function o JOIN pg_proc p ON p.oid = to_regprocedure(o.signature)
),
-- What the owner of search functions may read: that is searched another way.
searched_column AS MATERIALIZED (
  SELECT a.attrelid, a.attnum FROM our_role s JOIN holder h ON s.kind = 'search'
  JOIN pg_attribute a ON a.attrelid = h.oid CROSS JOIN LATERAL aclexplode(a.attacl) x
  WHERE a.attacl IS NOT NULL AND x.grantee = s.oid AND x.privilege_type = 'SELECT'
),
-- Columns of tenants' indexes, with the operators that row security keeps from using them. Those of
-- pattern classes are LIKE's, which is not written in the catalogue.
unused_key AS MATERIALIZED (
  SELECT k.oid, k.label, k.rel, k.column_name, bool_and(j.mark IS NOT NULL) AS markable,
         string_agg(DISTINCT p.operator, ', ' ORDER BY p.operator) AS operators,
         string_agg(DISTINCT j.mark, ', ') AS marks,
         string_agg(DISTINCT format('ALTER FUNCTION %s LEAKPROOF;', j.signature), ' ') AS mend
  FROM (
    SELECT i.oid, i.label, i.rel, i.method, quote_ident(a.attname) AS column_name, c.opcfamily,
           c.opcintype, c.opcname
    FROM index_ i
    CROSS JOIN LATERAL unnest(string_to_array(i.classes, ' ')::oid[], i.key_columns) AS u (class, num)
    JOIN pg_opclass c ON c.oid = u.class
    JOIN pg_attribute a ON a.attrelid = i.relid AND a.attnum = u.num
    WHERE i.is_valid AND NOT i.is_child AND NOT i.is_exclusion AND u.num <> 0 AND u.num IS DISTINCT FROM i.attnum
      AND NOT EXISTS (SELECT FROM searched_column s WHERE s.attrelid = i.relid AND s.attnum = u.num)
  ) k JOIN (
    SELECT m.amopfamily AS family, m.amoplefttype AS l, m.amoprighttype AS r, NULL AS opcname,
           o.oprname::text AS operator, f.oid
    FROM pg_amop m JOIN pg_operator o ON o.oid = m.amopopr
    JOIN pg_proc f ON f.oid = o.oprcode WHERE m.amoppurpose = 's' AND NOT f.proleakproof
    UNION ALL
    SELECT c.opcfamily, c.opcintype, c.opcintype, c.opcname, 'LIKE',
           to_regprocedure('textlike(text,text)')
    FROM pg_opclass c WHERE c.opcname LIKE '%\_pattern\_ops'
      AND c.opcnamespace = 'pg_catalog'::regnamespace
  ) p ON p.family = k.opcfamily AND p.l = k.opcintype
    AND (k.method NOT IN ('btree', 'hash') OR p.r = k.opcintype)
    AND (p.opcname IS NULL OR p.opcname = k.opcname)
  LEFT JOIN judged j ON j.oid = p.oid
  GROUP BY k.oid, k.label, k.rel, k.column_name
),
-- What the expressions of tenants' indexes call, as far as it is not leakproof and not all of what
-- they read is searched another way.
called AS MATERIALIZED (
  SELECT DISTINCT i.oid, f.oid AS function
  FROM index_ i CROSS JOIN LATERAL regexp_matches(i.indexprs::text, ':(?:funcid|opfuncid) (\d+)', 'g') AS m (found)
  JOIN pg_proc f ON f.oid = m.found[1]::oid
  WHERE i.indexprs IS NOT NULL AND NOT f.proleakproof
    AND EXISTS (SELECT FROM regexp_matches(i.indexprs::text, ':varattno (\d+)', 'g') AS v (num)
      WHERE NOT EXISTS (SELECT FROM searched_column s WHERE s.attrelid = i.relid AND s.attnum = v.num[1]::integer))
),
-- The functions that say whose a transaction is.
our_answer AS MATERIALIZED (
  SELECT p.oid, p.proname::text AS name, 'function ' || p.oid::regprocedure::text AS object, p.proowner AS owner,
         p.provolatile AS volatility, p.proconfig AS config, l.lanname AS language, p.prorettype,
         coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS source, p.prosqlbody IS NOT NULL AS looked_up,
         (SELECT s FROM unnest(p.proconfig) s WHERE s LIKE 'search\_path=%') AS path
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
  WHERE n.nspname = 'tenancy' AND p.proname IN ('current_tenant', 'current_tenants') AND p.pronargs = 0
),
our_current AS MATERIALIZED (SELECT * FROM our_answer WHERE name = 'current_tenant'),
-- Foreign keys between tenants' tables that do not compare the tenant on both sides, and the same
-- with it, on a key of the parent that has it.
crossing_key AS MATERIALIZED (
  SELECT c.oid, format('constraint %I on %s', c.conname, h.label) AS object, p.label AS parent,
         c.confupdtype IN ('c', 'n', 'd') OR c.confdeltype IN ('c', 'n', 'd') AS changes,
         CASE WHEN c.attached THEN '' ELSE
           format('ALTER TABLE %s ADD UNIQUE (%I, %s); ', p.label, p.col, c.refers) END
         || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I FOREIGN KEY (%I, %s) '
                   'REFERENCES %s (%I, %s)', h.label, c.conname, h.col, c.columns, p.label, p.col,
                   c.refers)
         || CASE c.confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE' ELSE '' END
         || CASE c.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'r' THEN ' ON DELETE RESTRICT'
              WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', c.columns)
              WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', c.columns) ELSE '' END
         || CASE WHEN c.condeferrable THEN ' DEFERRABLE' ELSE '' END
         || CASE WHEN c.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END || ';' AS mend
  FROM (
    SELECT k.*,
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n)
            FROM unnest(k.conkey) WITH ORDINALITY u (num, n)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n)
            FROM unnest(k.confkey) WITH ORDINALITY u (num, n)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS refers,
           EXISTS (SELECT FROM index_ i WHERE i.relid = k.confrelid AND i.is_unique
             AND i.indpred IS NULL AND i.indexprs IS NULL
             AND i.key_columns @> k.confkey AND i.attnum = ANY (i.key_columns)
             AND cardinality(i.key_columns) = cardinality(k.confkey) + 1) AS attached
    FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
  ) c
  JOIN holder h ON h.oid = c.conrelid JOIN holder p ON p.oid = c.confrelid
  WHERE NOT EXISTS (SELECT FROM unnest(c.conkey, c.confkey) u (mine, theirs)
                    WHERE u.mine = h.attnum AND u.theirs = p.attnum)
)

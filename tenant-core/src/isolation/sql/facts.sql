WITH RECURSIVE tenant (relid, col) AS ({tenants}),
tree (relid, root, col) AS (
  SELECT relid, relid, col FROM tenant
  UNION SELECT i.inhrelid, t.root, t.col FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid
),
walled AS (
  SELECT c.oid, c.oid::regclass::text AS name, c.relrowsecurity, c.relforcerowsecurity, t.root, t.col
  FROM tree t JOIN pg_class c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
),
declared (oid) AS (SELECT relid FROM tenant UNION SELECT s.relid FROM ({shareds}) AS s (relid, col)),
relation AS (
  SELECT c.*, n.nspname, c.oid::regclass::text AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND (n.nspname = ANY ({schemas}) OR n.nspname = 'tenancy')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
),
grantee (oid, name) AS (
  SELECT 0::oid, 'PUBLIC' UNION ALL SELECT oid, quote_ident(rolname) FROM pg_roles WHERE rolname = ANY ({ours})
)
SELECT 'row security' AS kind, w.name AS object,
  concat(CASE WHEN NOT w.relrowsecurity THEN 'not ' END, 'enabled, ', CASE WHEN NOT w.relforcerowsecurity THEN 'not ' END, 'forced') AS value,
  w.name AS about,
  format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', w.name) AS make, NULL AS undo
FROM walled w
UNION ALL
SELECT CASE WHEN starts_with(p.polname::text, 'tenancy_') THEN 'policy' ELSE 'foreign policy' END, format('%I on %s', p.polname, w.name), {policy_text}, w.name,
  format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, w.name,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ' ORDER BY r.rolname)
      FROM unnest(p.polroles) AS u LEFT JOIN pg_roles r ON r.oid = u),
    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
  format('DROP POLICY %I ON %s', p.polname, w.name)
FROM walled w JOIN pg_policy p ON p.polrelid = w.oid
UNION ALL
SELECT 'column', format('%s.%I', w.name, a.attname),
  concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)),
  w.name, format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT tenancy.current_tenant(), ALTER COLUMN %2$I SET NOT NULL', w.name, a.attname), NULL
FROM walled w JOIN pg_attribute a ON a.attrelid = w.oid AND a.attname = w.col AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
UNION ALL
SELECT 'index', w.name, CASE WHEN EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = w.oid AND a.attname = w.col AND i.indisvalid AND i.indpred IS NULL) THEN 'led by the tenant' ELSE 'none led by the tenant' END,
  w.name, format('CREATE INDEX CONCURRENTLY ON %s (%I)', w.name, w.col), NULL
FROM walled w WHERE w.oid = w.root
UNION ALL
SELECT 'partition', w.name, 'below ' || w.root::regclass, w.name, NULL, NULL
FROM walled w WHERE w.oid <> w.root
UNION ALL
SELECT 'foreign key', format('%I on %s', con.conname, w.name),
  pg_get_constraintdef(con.oid), w.name,
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', w.name, con.conname, pg_get_constraintdef(con.oid)),
  format('ALTER TABLE %s DROP CONSTRAINT %I', w.name, con.conname)
FROM walled w JOIN pg_constraint con ON con.conrelid = w.oid AND con.contype = 'f' AND con.conparentid = 0
WHERE con.confrelid IN (SELECT oid FROM walled)
UNION ALL
SELECT 'owner', r.name, pg_get_userbyid(r.relowner), r.name,
  format('ALTER TABLE %s OWNER TO %I', r.name, pg_get_userbyid(r.relowner)), NULL
FROM relation r WHERE r.kind = 'TABLE' AND (r.oid IN (SELECT oid FROM declared) OR r.nspname = 'tenancy')
UNION ALL
SELECT 'view', r.name, 'security_invoker = ' || o.option_value, r.name,
  format('ALTER VIEW %s SET (security_invoker = %s)', r.name, o.option_value),
  format('ALTER VIEW %s RESET (security_invoker)', r.name)
FROM relation r, pg_options_to_table(r.reloptions) o WHERE r.relkind = 'v' AND o.option_name = 'security_invoker'
UNION ALL
SELECT 'grant', format('%s to %s', r.name, g.name), string_agg(DISTINCT x.privilege, ', ' ORDER BY x.privilege), r.name,
  format('GRANT %s ON %s %s TO %s', string_agg(DISTINCT x.privilege, ', ' ORDER BY x.privilege), r.kind, r.name, g.name),
  format('REVOKE ALL ON %s %s FROM %s', r.kind, r.name, g.name)
FROM relation r, LATERAL (
    SELECT a.grantee, a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
    FROM aclexplode(r.relacl) a
    UNION ALL
    SELECT a.grantee, format('%s (%I)', a.privilege_type, t.attname)
    FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = r.oid AND NOT t.attisdropped
  ) AS x JOIN grantee g ON g.oid = x.grantee
WHERE x.grantee <> r.relowner
GROUP BY r.name, r.kind, g.name
UNION ALL
SELECT 'schema grant', format('%I to %s', n.nspname, g.name), string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), NULL,
  format('GRANT %s ON SCHEMA %I TO %s', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), n.nspname, g.name),
  format('REVOKE ALL ON SCHEMA %I FROM %s', n.nspname, g.name)
FROM pg_namespace n, aclexplode(n.nspacl) a JOIN grantee g ON g.oid = a.grantee
WHERE (n.nspname = ANY ({schemas}) OR n.nspname = 'tenancy') AND a.grantee <> n.nspowner
GROUP BY n.nspname, g.name
UNION ALL
SELECT 'database grant', 'the database to PUBLIC', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), NULL, NULL,
  format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database())
FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type IN ('TEMPORARY', 'CREATE')
HAVING count(*) > 0
UNION ALL
SELECT 'function', format('tenancy.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
  concat_ws(' ', md5(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)), CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END, p.provolatile, array_to_string(p.proconfig, ' '),
    'owned by', pg_get_userbyid(p.proowner)), NULL,
  pg_get_functiondef(p.oid) || format('; ALTER FUNCTION tenancy.%I(%s) OWNER TO %I', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_userbyid(p.proowner)),
  format('DROP FUNCTION tenancy.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid))
FROM pg_proc p WHERE p.pronamespace = 'tenancy'::regnamespace AND p.prokind = 'f'
UNION ALL
SELECT 'leakproof', p.oid::regprocedure::text, 'LEAKPROOF', NULL,
  format('ALTER FUNCTION %s LEAKPROOF', p.oid::regprocedure), format('ALTER FUNCTION %s NOT LEAKPROOF', p.oid::regprocedure)
FROM pg_proc p WHERE p.proleakproof AND p.oid IN (SELECT to_regprocedure(f) FROM unnest({judged}) AS f)
UNION ALL
SELECT 'trigger', format('%I on %s', t.tgname, t.tgrelid::regclass),
  concat_ws(' ', CASE t.tgenabled WHEN 'O' THEN 'enabled:' ELSE 'not enabled:' END, pg_get_triggerdef(t.oid)), t.tgrelid::regclass::text,
  format('DROP TRIGGER IF EXISTS %I ON %s; %s', t.tgname, t.tgrelid::regclass, pg_get_triggerdef(t.oid)),
  format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'tenancy'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'function grant', format('tenancy.%I(%s) to %s', p.proname, pg_get_function_identity_arguments(p.oid), g.name), 'EXECUTE', NULL,
  format('GRANT EXECUTE ON FUNCTION tenancy.%I(%s) TO %s', p.proname, pg_get_function_identity_arguments(p.oid), g.name),
  format('REVOKE ALL ON FUNCTION tenancy.%I(%s) FROM %s', p.proname, pg_get_function_identity_arguments(p.oid), g.name)
FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a JOIN grantee g ON g.oid = a.grantee
WHERE p.pronamespace = 'tenancy'::regnamespace AND p.prokind = 'f' AND a.grantee <> p.proowner
UNION ALL
SELECT 'role', r.rolname::text, r.attributes, NULL, format('ALTER ROLE %I %s', r.rolname, r.attributes), NULL
FROM (SELECT rolname, concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END,
    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
    CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
    CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END) AS attributes
  FROM pg_roles WHERE rolname = ANY ({ours})) AS r
UNION ALL
SELECT 'member', format('%I of %I', m.rolname, r.rolname),
  concat_ws(', ', 'member', CASE WHEN bool_or((to_jsonb(am) ->> 'inherit_option')::boolean) THEN 'inherits' END), NULL,
  format('GRANT %I TO %I', r.rolname, m.rolname), format('REVOKE %I FROM %I', r.rolname, m.rolname)
FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member JOIN pg_roles r ON r.oid = am.roleid
WHERE m.rolname = ANY ({ours}){not_of_schemas} GROUP BY m.rolname, r.rolname
UNION ALL
SELECT 'role setting', format('%s of %I', split_part(c, '=', 1), r.rolname), substr(c, strpos(c, '=') + 1), NULL,
  format('ALTER ROLE %I IN DATABASE %I SET %s = %L', r.rolname, current_database(), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)),
  format('ALTER ROLE %I IN DATABASE %I RESET %s', r.rolname, current_database(), split_part(c, '=', 1))
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
JOIN pg_roles r ON r.oid = s.setrole AND r.rolname = ANY ({ours}), unnest(s.setconfig) AS c

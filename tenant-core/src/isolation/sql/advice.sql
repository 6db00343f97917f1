WITH tenant (relid, col) AS ({tenants})
SELECT c.oid::regclass::text AS found,
  CASE WHEN i.indisunique THEN format('the unique key %s (%s) has no tenant in it: one tenant is refused what another has, and so learns of it; '
      'make it (%I, %s) if it need not be unique across tenants', i.indexrelid::regclass, k.columns, t.col, k.columns)
    ELSE format('the index %s (%s) would serve a tenant''s queries better as (%I, %s): CREATE INDEX CONCURRENTLY ON %s (%3$I, %2$s)',
      i.indexrelid::regclass, k.columns, t.col, k.columns, c.oid::regclass) END AS advice
FROM tenant t JOIN pg_class c ON c.oid = t.relid
JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND NOT i.indisprimary AND i.indexprs IS NULL
JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam AND am.amname = 'btree',
LATERAL (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n) AS columns, bool_or(a.attname = t.col) AS has_tenant
  FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (num, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.num) AS k
WHERE NOT k.has_tenant AND ic.relname !~ '_tenancy_key$'
UNION ALL
SELECT c.oid::regclass::text, format('%s has rights on %s and no policy there: it sees no rows once the walls are up; '
  'let its transactions run as the tenant''s role, or take them away', string_agg(r.rolname, ', ' ORDER BY r.rolname), c.oid::regclass)
FROM tenant t JOIN pg_class c ON c.oid = t.relid JOIN pg_roles r ON r.rolcanlogin AND NOT r.rolsuper AND NOT r.rolbypassrls
  AND r.rolname <> ALL ({ours}) AND r.oid <> c.relowner
WHERE EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = r.oid)
AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND (0 = ANY (p.polroles)
  OR EXISTS (SELECT FROM unnest(p.polroles) AS u JOIN pg_roles pr ON pr.oid = u WHERE pg_has_role(r.oid, u, 'USAGE'))))
GROUP BY c.oid
UNION ALL
SELECT c.oid::regclass::text, format('%s owns %s, which becomes the owner role''s: what logs in as %1$s is refused once the walls are up; '
  'let the application log in as the login role, and make %1$s a member of the owner role if it is to go on migrating', r.rolname, c.oid::regclass)
FROM tenant t JOIN pg_class c ON c.oid = t.relid JOIN pg_roles r ON r.oid = c.relowner
WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> ALL ({ours}) AND r.rolname <> current_user
  AND cardinality({ours}) > 1
ORDER BY 1, 2

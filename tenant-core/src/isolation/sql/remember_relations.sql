INSERT INTO tenancy.ledger (kind, object, before)
  SELECT 'acl', concat_ws(' ', found.kind, found.name, quote_ident(found.column)),
    json_build_object('kind', found.kind, 'name', found.name, 'column', found.column, 'acl', found.acl::text)::text
  FROM (
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name,
      NULL::name AS column, c.relacl AS acl
    FROM pg_class c WHERE c.oid IN ({relations})
    UNION ALL
    SELECT 'TABLE', a.attrelid::regclass::text, a.attname, a.attacl
    FROM pg_attribute a WHERE a.attrelid IN ({relations}) AND a.attacl IS NOT NULL AND NOT a.attisdropped
      -- But for what the owner of search functions was given.
      AND EXISTS (SELECT FROM aclexplode(a.attacl) x WHERE NOT EXISTS (SELECT FROM pg_proc p
        WHERE p.pronamespace = to_regnamespace('tenancy') AND p.proowner = x.grantee AND starts_with(p.proname::text, 'search_')))
  ) AS found ORDER BY found.name, found.column NULLS FIRST
  ON CONFLICT (kind, object) DO NOTHING;

was record;
  target record;
  item record;
  list aclitem[];
  installer name := current_user;
BEGIN
FOR was IN SELECT e.entry ->> 'acl' AS before, e.entry ->> 'kind' AS kind, e.entry ->> 'name' AS name,
        '(' || quote_ident(e.entry ->> 'column') || ')' AS columns
      FROM tenancy.ledger l, LATERAL (SELECT l.before::json AS entry) AS e
      WHERE l.kind = 'acl' ORDER BY l.id DESC LOOP
    target := NULL;
    IF was.columns IS NOT NULL THEN
      SELECT a.attacl AS acl, c.relowner AS owner, acldefault('c', c.relowner) AS usual INTO target
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.oid = to_regclass(was.name) AND format('(%I)', a.attname) = was.columns AND NOT a.attisdropped;
    ELSIF was.kind IN ('TABLE', 'SEQUENCE') THEN
      SELECT c.relacl AS acl, c.relowner AS owner, acldefault(CASE was.kind WHEN 'TABLE' THEN 'r' ELSE 's' END::"char",
        c.relowner) AS usual INTO target FROM pg_class c WHERE c.oid = to_regclass(was.name);
    ELSIF was.kind = 'SCHEMA' THEN
      SELECT nspacl AS acl, nspowner AS owner, acldefault('n', nspowner) AS usual INTO target
      FROM pg_namespace WHERE oid = to_regnamespace(was.name);
    ELSIF was.kind = 'DATABASE' THEN
      SELECT datacl AS acl, datdba AS owner, acldefault('d', datdba) AS usual INTO target
      FROM pg_database WHERE datname = current_database();
      was.name := quote_ident(current_database());
    ELSE
      SELECT proacl AS acl, proowner AS owner, acldefault('f', proowner) AS usual INTO target
      FROM pg_proc WHERE oid = to_regprocedure(was.name);
    END IF;
    -- What is gone needs nothing back; what is as it was, neither.
    CONTINUE WHEN target.owner IS NULL OR target.acl::text IS NOT DISTINCT FROM was.before;
    BEGIN
      list := coalesce(was.before::aclitem[], target.usual);
    EXCEPTION WHEN undefined_object THEN
      RAISE WARNING 'the grants on % % are not given back: % (they were %)', was.kind, was.name, SQLERRM, was.before;
      CONTINUE;
    END;
    CONTINUE WHEN coalesce(target.acl, target.usual) = list;
    BEGIN
      FOR item IN SELECT DISTINCT a.grantee FROM aclexplode(coalesce(target.acl, target.usual)) a LOOP
        EXECUTE format('REVOKE ALL %s ON %s %s FROM %s CASCADE', was.columns, was.kind, was.name,
          CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(item.grantee)) END);
      END LOOP;
      FOR item IN SELECT a.* FROM aclexplode(list) WITH ORDINALITY AS
            a (grantor, grantee, privilege, grantable, n) ORDER BY a.n LOOP
        IF item.grantor <> target.owner THEN
          EXECUTE format('SET LOCAL ROLE %I', pg_get_userbyid(item.grantor));
        END IF;
        EXECUTE format('GRANT %s %s ON %s %s TO %s%s', item.privilege, was.columns, was.kind, was.name,
          CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(item.grantee)) END,
          CASE WHEN item.grantable THEN ' WITH GRANT OPTION' END);
        IF item.grantor <> target.owner THEN
          EXECUTE format('SET LOCAL ROLE %I', installer);
        END IF;
      END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
      IF was.kind = 'FUNCTION' THEN
        NULL; -- PostgreSQL's own, which only a superuser could have changed.
      ELSE
        RAISE;
      END IF;
    END;
  END LOOP;

-- Of `up`, beyond the usual:
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
-- Citus, 11 or newer, on its coordinator.
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'Citus is not installed in this database, though the layout says Layout::citus(): put citus into shared_preload_libraries and CREATE EXTENSION citus, or leave Layout::citus() out';
  IF (SELECT split_part(extversion, '.', 1)::int FROM pg_extension WHERE extname = 'citus') < 11 THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE =
      'this Citus does not bring functions and policies to its workers: update it to 11 or newer';
  IF EXISTS (SELECT FROM pg_dist_local_group WHERE groupid <> 0) THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE =
      'this is one of Citus''s workers: run it on the coordinator, which tells the workers';
  tenant text := current_setting('app.current_tenant_id', true);
  -- After a transaction a custom setting reads '', not NULL.
  IF tenant IS NULL OR tenant = '' THEN
    RAISE EXCEPTION 'no tenant is set in this transaction'
  RETURN tenant::bigint;
    CREATE ROLE "shop_tenant" LOGIN NOINHERIT;
  IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'shop_tenant') THEN
    ALTER ROLE "shop_tenant" LOGIN;
    CREATE ROLE "shop_shared" LOGIN NOINHERIT;
  IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'shop_shared') THEN
    ALTER ROLE "shop_shared" LOGIN;
        AND starts_with(p.polname::text, 'tenancy_') AND (p.polname <> ALL (ARRAY['tenancy_select_a2863ba7', 'tenancy_insert_ce03e028', 'tenancy_update_cf40bd9f', 'tenancy_delete_c046dd68', 'tenancy_wall_d9cf5b15', 'tenancy_admin_9e5b4168', 'tenancy_owner_a2b93224', 'tenancy_analytics_8e441ca1', 'tenancy_staff_f7242a5b']::name[]) OR EXISTS (
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_select_a2863ba7') THEN
      EXECUTE 'CREATE POLICY tenancy_select_a2863ba7 ON ' || relation || ' FOR SELECT TO "shop_tenant" USING ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_insert_ce03e028') THEN
      EXECUTE 'CREATE POLICY tenancy_insert_ce03e028 ON ' || relation || ' FOR INSERT TO "shop_tenant" WITH CHECK ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_update_cf40bd9f') THEN
      EXECUTE 'CREATE POLICY tenancy_update_cf40bd9f ON ' || relation || ' FOR UPDATE TO "shop_tenant" USING ("tenant_id" = tenancy.current_tenant()) WITH CHECK ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_delete_c046dd68') THEN
      EXECUTE 'CREATE POLICY tenancy_delete_c046dd68 ON ' || relation || ' FOR DELETE TO "shop_tenant" USING ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_wall_d9cf5b15') THEN
      EXECUTE 'CREATE POLICY tenancy_wall_d9cf5b15 ON ' || relation || ' AS RESTRICTIVE FOR ALL TO "shop_login", "shop_tenant", "shop_shared", "shop_registry" USING ("tenant_id" = tenancy.current_tenant()) WITH CHECK ("tenant_id" = tenancy.current_tenant())';
        AND starts_with(p.polname::text, 'tenancy_') AND (p.polname <> ALL (ARRAY['tenancy_select_a2863ba7', 'tenancy_insert_ce03e028', 'tenancy_update_cf40bd9f', 'tenancy_delete_c046dd68', 'tenancy_wall_d9cf5b15', 'tenancy_admin_9e5b4168', 'tenancy_owner_a2b93224', 'tenancy_analytics_8e441ca1', 'tenancy_staff_f7242a5b']::name[]) OR EXISTS (
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_select_a2863ba7') THEN
      EXECUTE 'CREATE POLICY tenancy_select_a2863ba7 ON ' || relation || ' FOR SELECT TO "shop_tenant" USING ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_insert_ce03e028') THEN
      EXECUTE 'CREATE POLICY tenancy_insert_ce03e028 ON ' || relation || ' FOR INSERT TO "shop_tenant" WITH CHECK ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_update_cf40bd9f') THEN
      EXECUTE 'CREATE POLICY tenancy_update_cf40bd9f ON ' || relation || ' FOR UPDATE TO "shop_tenant" USING ("tenant_id" = tenancy.current_tenant()) WITH CHECK ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_delete_c046dd68') THEN
      EXECUTE 'CREATE POLICY tenancy_delete_c046dd68 ON ' || relation || ' FOR DELETE TO "shop_tenant" USING ("tenant_id" = tenancy.current_tenant())';
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = 'tenancy_wall_d9cf5b15') THEN
      EXECUTE 'CREATE POLICY tenancy_wall_d9cf5b15 ON ' || relation || ' AS RESTRICTIVE FOR ALL TO "shop_login", "shop_tenant", "shop_shared", "shop_registry" USING ("tenant_id" = tenancy.current_tenant()) WITH CHECK ("tenant_id" = tenancy.current_tenant())';
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
-- The policies are asked on the workers, so what they call is there.
  IF NOT EXISTS (SELECT FROM pg_dist_object WHERE classid = 'pg_proc'::regclass
      AND objid = 'tenancy.current_tenant()'::regprocedure) THEN
    PERFORM create_distributed_function('tenancy.current_tenant()'::regprocedure);
-- Shared tables whole on every node, tenants' tables by their tenant, side by side.
  led_by name;
  other text;
  wrong record;
    -- What is referred to before what refers to it.
    SELECT d.relid, d.col INTO relation, led_by
    FROM (SELECT s.relid, NULL::name AS col FROM (VALUES ('"public"."plans"'::regclass::oid, ''::name)) AS s (relid, col)
        UNION ALL SELECT t.relid, t.col FROM (VALUES ('"public"."bookings"'::regclass::oid, 'tenant_id'::name), ('"public"."customers"'::regclass::oid, 'tenant_id'::name)) AS t (relid, col)) AS d
    WHERE d.relid NOT IN (SELECT p.logicalrelid FROM pg_dist_partition p)
    ORDER BY d.col IS NOT NULL, (
        SELECT count(*) FROM pg_constraint con
        WHERE con.contype = 'f' AND con.conrelid = d.relid AND con.confrelid <> d.relid
        AND con.confrelid NOT IN (SELECT p.logicalrelid FROM pg_dist_partition p)), d.relid::regclass::text
    LIMIT 1;
    INSERT INTO tenancy.ledger (kind, object) VALUES ('distributed', relation::text)
    IF led_by IS NULL THEN
      PERFORM create_reference_table(relation);
    SELECT string_agg(i.indexrelid::regclass::text, ', ' ORDER BY i.indexrelid::regclass::text) INTO other
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = led_by
    WHERE i.indrelid = relation AND (i.indisunique OR i.indisexclusion) AND a.attnum <> ALL (i.indkey);
    IF other IS NOT NULL THEN
        'Citus cannot keep %s of %s unique over its workers: make it a key of (%I, …), then run this again',
        other, relation, led_by);
    SELECT p.logicalrelid::text INTO other FROM pg_dist_partition p
    JOIN (VALUES ('"public"."bookings"'::regclass::oid, 'tenant_id'::name), ('"public"."customers"'::regclass::oid, 'tenant_id'::name)) AS t (relid, col) ON t.relid = p.logicalrelid WHERE p.partmethod = 'h'
    ORDER BY p.logicalrelid::text LIMIT 1;
    PERFORM create_distributed_table(relation, led_by::text, colocate_with => coalesce(other, 'default'));
  FOR wrong IN SELECT p.logicalrelid AS relid, t.col FROM pg_dist_partition p
      JOIN (VALUES ('"public"."bookings"'::regclass::oid, 'tenant_id'::name), ('"public"."customers"'::regclass::oid, 'tenant_id'::name)) AS t (relid, col) ON t.relid = p.logicalrelid
      LEFT JOIN pg_attribute a ON a.attrelid = t.relid AND a.attname = t.col
      WHERE p.partmethod <> 'h' OR substring(p.partkey FROM ':varattno ([0-9]+)')::int2 IS DISTINCT FROM a.attnum LOOP
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format(
      '%s is not distributed by its tenant: SELECT undistribute_table(%L), then run this again',
      wrong.relid, wrong.relid);
  FOR wrong IN SELECT p.logicalrelid AS relid FROM pg_dist_partition p
      JOIN (VALUES ('"public"."plans"'::regclass::oid, ''::name)) AS s (relid, col) ON s.relid = p.logicalrelid WHERE p.partmethod <> 'n' LOOP
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format(
      '%s is shared and distributed: SELECT undistribute_table(%L), then run this again', wrong.relid, wrong.relid);
-- Nobody sends commands to other nodes, where this transaction's tenant does not count.
  command record;
  refused text;
  FOR command IN SELECT p.oid::regprocedure::text AS name, p.proacl AS acl FROM pg_proc p
      JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'citus'
      WHERE p.proname ~ '^(run_command_on_[a-z_]+|master_run_on_worker)$' AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
      ORDER BY 1 LOOP
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
        'everybody may call %s, and only a superuser can take that away: run this as one', command.name);
    INSERT INTO tenancy.ledger (kind, object, before) VALUES ('acl', 'FUNCTION ' || command.name,
      json_build_object('kind', 'FUNCTION', 'name', command.name, 'acl', command.acl::text)::text)
    -- Grants on an extension's functions stay where they are made.
    SELECT string_agg(format('%s:%s: %s', w.nodename, w.nodeport, w.result), ', ') INTO refused
    FROM run_command_on_workers(format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', command.name)) w
    WHERE NOT w.success;
    IF refused IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
        '%s could not be taken from PUBLIC on %s', command.name, refused);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', command.name);
SELECT 'distribution', d.relid::regclass::text, coalesce(
    CASE WHEN c.method IS NULL THEN NULL WHEN c.method = 'h' THEN 'by ' || quote_ident(a.attname) WHEN c.replication = 't' THEN 'whole on every node'
      WHEN c.method = 'n' THEN 'on one node' ELSE 'by ranges' END, 'not distributed'),
  d.relid::regclass::text,
  CASE WHEN d.col IS NULL THEN format('SELECT create_reference_table(%L)', d.relid::regclass)
    ELSE format('SELECT create_distributed_table(%L, %L)', d.relid::regclass, d.col) END, NULL
FROM (SELECT s.relid, NULL::name AS col FROM (VALUES ('"public"."plans"'::regclass::oid, ''::name)) AS s (relid, col)
    UNION ALL SELECT t.relid, t.col FROM (VALUES ('"public"."bookings"'::regclass::oid, 'tenant_id'::name), ('"public"."customers"'::regclass::oid, 'tenant_id'::name)) AS t (relid, col)) AS d
LEFT JOIN (SELECT t.* FROM json_to_recordset(CASE WHEN to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN '[]'::json ELSE convert_from(decode(substring(query_to_xml('SELECT encode(convert_to(coalesce(json_agg(json_build_object(''relid'', p.logicalrelid::oid, ''method'', p.partmethod, ''attnum'', substring(p.partkey FROM '':varattno ([0-9]+)''), ''colocation'', p.colocationid, ''replication'', p.repmodel)), ''[]'')::text, ''UTF8''), ''hex'') AS hex FROM pg_catalog.pg_dist_partition p', false, false, '')::text FROM '<hex>([0-9a-f]*)</hex>'), 'hex'), 'UTF8')::json END) AS t (relid oid, method text, attnum int2, colocation int, replication text)) AS c ON c.relid = d.relid
LEFT JOIN pg_attribute a ON a.attrelid = d.relid AND a.attnum = c.attnum

-- Of `down`, beyond the usual:
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
-- What was distributed comes back to the coordinator.
  IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN RETURN; END IF;
  FOR was IN SELECT * FROM tenancy.ledger WHERE kind = 'distributed' ORDER BY id DESC LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = to_regclass(was.object));
    PERFORM undistribute_table(was.object::regclass, cascade_via_foreign_keys => true);
  FOR was IN SELECT l.before::json ->> 'name' AS name FROM tenancy.ledger l
      JOIN pg_proc p ON p.oid = to_regprocedure(l.before::json ->> 'name') AND p.proname ~ '^(run_command_on_[a-z_]+|master_run_on_worker)$'
      WHERE l.kind = 'acl' AND starts_with(l.object, 'FUNCTION ') LOOP
    PERFORM run_command_on_workers(format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', was.name));

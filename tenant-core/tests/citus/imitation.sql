-- What stands for Citus where there is no cluster: its catalogue, and functions of the same names
-- that only write down in it what they are asked. No row moves anywhere. They refuse what Citus's
-- sources refuse: a sub-select in a policy, a trigger, a unique index without the column.
SET LOCAL allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_partition (
    logicalrelid regclass PRIMARY KEY, partmethod "char" NOT NULL, partkey text,
    colocationid int NOT NULL DEFAULT 0, repmodel "char" NOT NULL, autoconverted bool NOT NULL DEFAULT false);
CREATE TABLE pg_catalog.pg_dist_object (classid oid, objid oid, objsubid int DEFAULT 0, PRIMARY KEY (classid, objid));
CREATE TABLE pg_catalog.pg_dist_local_group (groupid int PRIMARY KEY);
INSERT INTO pg_dist_local_group VALUES (0);
-- What was sent to the workers, of which there is one.
CREATE TABLE pg_catalog.imitated_commands (n serial, command text);
GRANT SELECT ON pg_dist_partition, pg_dist_object, pg_dist_local_group TO PUBLIC;
CREATE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text,
    colocate_with text DEFAULT 'default') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  at int := (SELECT attnum FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column);
BEGIN
  IF EXISTS (SELECT FROM pg_policy WHERE polrelid = table_name AND concat(polqual, polwithcheck) LIKE '%SUBLINK%') THEN
    RAISE EXCEPTION 'cannot create policy' USING DETAIL = 'Subqueries are not supported in policies on distributed tables';
  END IF;
  IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = table_name AND NOT tgisinternal) THEN
    RAISE EXCEPTION 'triggers are not supported on distributed tables';
  END IF;
  IF EXISTS (SELECT FROM pg_index WHERE indrelid = table_name AND indisunique AND at <> ALL (indkey)) THEN
    RAISE EXCEPTION 'cannot create constraint on "%"', table_name;
  END IF;
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = table_name AND contype = 'f' AND confrelid <> conrelid
      AND confrelid NOT IN (SELECT logicalrelid FROM pg_dist_partition)) THEN
    RAISE EXCEPTION 'cannot create foreign key constraint';
  END IF;
  INSERT INTO pg_dist_partition VALUES (table_name, 'h', format('{VAR :varno 1 :varattno %s :vartype 20}', at),
    CASE WHEN colocate_with = 'default' THEN 1 ELSE
      (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass) END, 's');
END $$;
CREATE FUNCTION pg_catalog.alter_distributed_table(table_name regclass, distribution_column text DEFAULT NULL,
    colocate_with text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  UPDATE pg_dist_partition p SET
    partkey = coalesce((SELECT format('{VAR :varno 1 :varattno %s :vartype 20}', attnum) FROM pg_attribute
      WHERE attrelid = table_name AND attname = distribution_column), partkey),
    colocationid = coalesce((SELECT colocationid FROM pg_dist_partition
      WHERE logicalrelid = to_regclass(colocate_with)), colocationid)
  WHERE logicalrelid = table_name $$;
CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
  INSERT INTO pg_dist_partition VALUES (table_name, 'n', NULL, 2, 't') $$;
CREATE FUNCTION pg_catalog.undistribute_table(table_name regclass, cascade_via_foreign_keys bool DEFAULT false)
RETURNS void LANGUAGE sql AS $$ DELETE FROM pg_dist_partition WHERE logicalrelid = table_name $$;
CREATE FUNCTION pg_catalog.create_distributed_function(function_name regprocedure) RETURNS void LANGUAGE sql AS $$
  INSERT INTO pg_dist_object VALUES ('pg_proc'::regclass, function_name) ON CONFLICT DO NOTHING $$;
CREATE FUNCTION pg_catalog.run_command_on_workers(command text, parallel bool DEFAULT true,
    OUT nodename text, OUT nodeport int, OUT success bool, OUT result text) RETURNS SETOF record LANGUAGE sql AS $$
  INSERT INTO imitated_commands (command) VALUES (command) RETURNING 'worker', 5432, true, 'done' $$;
CREATE FUNCTION pg_catalog.run_command_on_shards(table_name regclass, command text) RETURNS text
LANGUAGE sql AS $$ SELECT 'nothing' $$;
CREATE FUNCTION pg_catalog.master_run_on_worker(worker_name text[], command text[]) RETURNS text
LANGUAGE sql AS $$ SELECT 'nothing' $$;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (999999, 'citus', 10, 11, false, '13.2-1');
INSERT INTO pg_depend
SELECT 'pg_proc'::regclass, oid, 0, 'pg_extension'::regclass, 999999, 0, 'e' FROM pg_proc
WHERE proname ~ '^(create_distributed|alter_distributed|create_reference|undistribute_table|run_command|master_run)';

CREATE OR REPLACE FUNCTION tenancy_watch.{function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS {body};
REVOKE ALL ON FUNCTION tenancy_watch.{function}() FROM PUBLIC;
INSERT INTO tenancy_watch.watched VALUES ({literal}, {schema}, {table}, {found_by})
ON CONFLICT (function) DO UPDATE SET schema_name = excluded.schema_name, table_name = excluded.table_name, found_by = excluded.found_by;

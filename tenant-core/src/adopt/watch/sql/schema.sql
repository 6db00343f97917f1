DO $do$
BEGIN
  IF to_regnamespace('tenancy_watch') IS NULL THEN
    CREATE SCHEMA tenancy_watch;
  ELSIF (SELECT nspowner FROM pg_namespace WHERE nspname = 'tenancy_watch') <> current_user::regrole THEN
    -- Its functions run with their owner's rights, so nobody else may have made one.
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE =
      format('the schema tenancy_watch belongs to %s: watch as that role, or have it switched off first',
        (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'tenancy_watch'));
  END IF;
END $do$;

-- What is watched, and how the tenant of a row is found.
CREATE TABLE IF NOT EXISTS tenancy_watch.watched (
  function name PRIMARY KEY, schema_name name NOT NULL, table_name name NOT NULL, found_by text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp());

-- Writers only append here, so none waits for another. Not logged, so no publication FOR ALL TABLES sends it to
-- subscribers that have no such table; a crash of the server empties it.
CREATE UNLOGGED TABLE IF NOT EXISTS tenancy_watch.log (
  at timestamptz NOT NULL, schema_name name NOT NULL, table_name name NOT NULL, operation text NOT NULL, reason text NOT NULL,
  login name NOT NULL, role name NOT NULL, application text NOT NULL, query text NOT NULL, rows bigint NOT NULL, is_last boolean NOT NULL);

-- What a report has added up.
CREATE UNLOGGED TABLE IF NOT EXISTS tenancy_watch.counted (
  key bytea PRIMARY KEY, schema_name name NOT NULL, table_name name NOT NULL, operation text NOT NULL, reason text NOT NULL,
  login name NOT NULL, role name NOT NULL, application text NOT NULL, query text NOT NULL,
  statements bigint NOT NULL, rows bigint NOT NULL, first_seen timestamptz NOT NULL, last_seen timestamptz NOT NULL,
  cut_off bigint NOT NULL);

-- A query without its literals and comments. What cannot be told for sure is left out.
CREATE OR REPLACE FUNCTION tenancy_watch.shape(query text) RETURNS text LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $do$
DECLARE
  said text := left(query, 4000);
BEGIN
  -- Whether a backslash escapes depends on the literal and on a setting.
  IF strpos(said, '\') > 0 THEN
    RETURN '';
  END IF;
  -- Comments nest, and where an inner one ends cannot be told here.
  IF said ~ '/\*([^*]|\*+[^*/])*/\*' THEN
    RETURN '';
  END IF;
  -- A literal in dollars can hold anything, behind a tag of any letters; a parameter is a dollar and digits.
  said := regexp_replace(said, '\$(?![0-9]).*$', '$');
  -- Names stay as they are, of a literal its first quote, of a comment nothing.
  said := regexp_replace(said,
    '("(?:[^"]|"")*(?:"|$)|[[:alpha:]_][[:alnum:]_$]*)|('')(?:[^'']|'''')*(?:''|$)|--[^\n\r]*|/\*(?:[^*]|\*+[^*/])*(?:\*+/|$)',
    '\1\2', 'g');
  -- Comments nest, and what is behind an inner one was not read as a comment.
  IF said ~ '/\*|\*/' THEN
    RETURN '';
  END IF;
  said := regexp_replace(replace(said, '''', '?'), '(?<![[:alnum:]_])\$?[0-9][[:alnum:]_.]*', '?', 'g');
  said := btrim(regexp_replace(said, '\s+', ' ', 'g'));
  -- However many rows a statement has, it is one statement.
  said := regexp_replace(said, '\?(?: ?, ?\?)+', '?...', 'g');
  said := regexp_replace(said, '\(\?(?:\.\.\.)?\)(?: ?, ?\(\?(?:\.\.\.)?\))+', '(?)...', 'g');
  RETURN left(said, 300);
END $do$;
REVOKE ALL ON FUNCTION tenancy_watch.shape(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION tenancy_watch.note(schema_name name, table_name name, operation text, reason text, rows bigint)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $do$
DECLARE
  noted int := coalesce(nullif(current_setting('tenancy_watch.noted', true), ''), '0')::int;
BEGIN
  -- Each takes a subtransaction's number, of which the server keeps 64 of a transaction at hand.
  IF noted >= {most} OR pg_relation_size('tenancy_watch.log') >= {bytes} THEN
    RETURN;
  END IF;
  PERFORM set_config('tenancy_watch.noted', (noted + 1)::text, true);
  INSERT INTO tenancy_watch.log VALUES (clock_timestamp(), schema_name, table_name, operation, reason, session_user,
    coalesce(nullif(current_setting('role'), 'none'), session_user), current_setting('application_name'),
    coalesce(tenancy_watch.shape(current_query()), ''), rows, noted + 1 = {most});
END $do$;
REVOKE ALL ON FUNCTION tenancy_watch.note(name, name, text, text, bigint) FROM PUBLIC;


DECLARE
  said text;
  mine text;
  written bigint := 0;
  others bigint := 0;
  moved bigint := 0;
  unset bigint := 0;
BEGIN
  -- Whatever goes wrong in here, the application's statement goes on.
  BEGIN
    said := nullif({source}, '');
    IF TG_OP = 'TRUNCATE' THEN
      PERFORM tenancy_watch.note({schema}, {table}, TG_OP, 'truncate', 0);
    ELSIF said IS NULL THEN
      IF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO written FROM tenancy_old;
      ELSE
        SELECT count(*) INTO written FROM tenancy_new;
      END IF;
      -- An UPDATE asks for the tenant before it finds a row; an INSERT of none does not. A cascade names
      -- another table.
      IF written > 0 OR TG_OP <> 'INSERT' AND strpos(lower(current_query()), lower({table})) > 0 THEN
        PERFORM tenancy_watch.note({schema}, {table}, TG_OP, 'no tenant', written);
      END IF;
    ELSE
      mine := said::{key}::text;
      -- Under SERIALIZABLE a look at other tables could make somebody's transaction fail.
      IF {reads} AND current_setting('transaction_isolation') = 'serializable' THEN
        RETURN NULL;
      END IF;
      -- What an owner makes of a column runs with the rights of whoever watches, so it must still be one who has them.
      IF EXISTS (SELECT FROM (VALUES {relations}) AS r (oid, name)
          LEFT JOIN pg_class AS c ON c.oid = r.oid AND (r.name IS NULL OR c.oid = to_regclass(r.name))
          WHERE ({may}) IS NOT TRUE) THEN
        RAISE insufficient_privilege;
      END IF;
      IF TG_OP = 'INSERT' THEN
        SELECT count(*) FILTER (WHERE whose <> mine), count(*) FILTER (WHERE nobody) INTO others, unset
        FROM (SELECT {whose} AS whose, {nobody} AS nobody FROM tenancy_new AS t{joins}) AS n;
      ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) FILTER (WHERE whose <> mine) INTO others
        FROM (SELECT {whose} AS whose FROM tenancy_old AS t{joins}) AS o;
      ELSE
        SELECT count(*) INTO written FROM (
          SELECT {whose} AS whose, false AS nobody FROM tenancy_old AS t{joins}
          UNION ALL SELECT {whose}, {nobody_then} FROM tenancy_new AS t{joins}) AS r
        WHERE whose <> mine OR nobody;
        -- Rarely: then which row became which. Both are written in the same order.
        IF written > 0 THEN
          WITH o AS (SELECT t.tenancy_n AS n, {whose} AS whose
              FROM (SELECT row_number() OVER () AS tenancy_n, r.* FROM tenancy_old AS r) AS t{joins}),
            n AS (SELECT t.tenancy_n AS n, {whose} AS whose, {nobody_then} AS nobody
              FROM (SELECT row_number() OVER () AS tenancy_n, r.* FROM tenancy_new AS r) AS t{joins})
          SELECT count(*) FILTER (WHERE o.whose <> mine),
            count(*) FILTER (WHERE o.whose IS NOT DISTINCT FROM mine AND n.whose <> mine),
            count(*) FILTER (WHERE o.whose IS NOT DISTINCT FROM mine AND n.nobody)
          INTO others, moved, unset FROM o FULL JOIN n USING (n);
        END IF;
      END IF;
      IF others > 0 THEN
        PERFORM tenancy_watch.note({schema}, {table}, TG_OP, 'other tenant', others);
      END IF;
      IF moved > 0 THEN
        PERFORM tenancy_watch.note({schema}, {table}, TG_OP, 'to another tenant', moved);
      END IF;
      IF unset > 0 THEN
        PERFORM tenancy_watch.note({schema}, {table}, TG_OP, 'null', unset);
      END IF;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    said := SQLSTATE;
    BEGIN
      -- What is set cannot be read as a tenant's id; all else is told by its code.
      PERFORM tenancy_watch.note({schema}, {table}, TG_OP,
        CASE WHEN said IN ('22P02', '22003') THEN 'not an id' ELSE 'not judged: ' || said END, 0);
    EXCEPTION WHEN OTHERS THEN
      RAISE LOG 'tenancy_watch could not record a write: %', SQLSTATE;
    END;
  END;
  RETURN NULL;
END

IF fk.confupdtype IN ('n', 'd')
      OR fk.confdeltype IN ('n', 'd') AND current_setting('server_version_num')::int < 150000 THEN
      RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format(
        'the foreign key %I of %s sets its columns to NULL or their default on UPDATE (or, before PostgreSQL 15, on DELETE), '
        'which would take the tenant along: give it another action, then run this again', fk.conname, fk.child);
    END IF;
    IF (fk.confmatchtype = 'f' AND NOT fk.not_null AND cardinality(fk.columns) > 1)
      OR (fk.more ->> 'conperiod')::boolean OR NOT coalesce((fk.more ->> 'conenforced')::boolean, true) THEN
      RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format(
        'the foreign key %I of %s (%s) cannot carry the tenant as it is: MATCH FULL over nullable columns, PERIOD and '
        'NOT ENFORCED have no such form; change it, then run this again', fk.conname, fk.child, fk.old);
    END IF;
    look := format('FROM %s c JOIN %s p ON %s WHERE c.%I IS DISTINCT FROM p.%I',
      fk.child, fk.parent, fk.matching, fk.child_col, fk.parent_col);
    EXECUTE 'SELECT count(*) ' || look INTO crossing;
    IF crossing > 0 THEN
      RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = fk.conname, MESSAGE = format(
        '%s rows of %s point at rows of %s that belong to another tenant (foreign key %I); see them with: SELECT c.* %s',
        crossing, fk.child, fk.parent, fk.conname, look);
    END IF;

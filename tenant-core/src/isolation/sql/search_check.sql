c pg_type;
  element oid;
  compared text[];
BEGIN
SELECT t.* INTO c FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = {table} AND a.attname = {column} AND NOT a.attisdropped;
  WHILE c.typtype = 'd' LOOP
    SELECT t.* INTO c FROM pg_type t WHERE t.oid = c.typbasetype;
  END LOOP;
  -- What a B-tree would compare it with, or the elements of an array, as far as that tells nothing.
  SELECT CASE WHEN t.typtype = 'e' THEN 'anyenum'::regtype WHEN t.oid = 'varchar'::regtype THEN 'text'::regtype
    ELSE t.oid END INTO element FROM pg_type t WHERE t.oid = CASE WHEN c.typcategory = 'A' THEN c.typelem ELSE c.oid END;
  SELECT array_agg(op.oprname::text ORDER BY op.oprname COLLATE "C") INTO compared FROM pg_opclass o
    JOIN pg_amop m ON (m.amopfamily, m.amoplefttype, m.amoprighttype) = (o.opcfamily, o.opcintype, o.opcintype)
    JOIN pg_operator op ON op.oid = m.amopopr JOIN pg_proc p ON p.oid = op.oprcode
    WHERE o.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree') AND o.opcdefault AND o.opcintype = element
    AND (p.proleakproof AND p.pronamespace = 'pg_catalog'::regnamespace
      OR p.oid IN (SELECT to_regprocedure(f) FROM unnest({markable}) AS f));
  IF ({fits}) IS NOT TRUE THEN
    RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = {message};
  END IF;

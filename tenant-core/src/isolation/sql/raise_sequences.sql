
DECLARE
  look CONSTANT text := 'SELECT s.last_value::numeric - CASE WHEN s.is_called THEN 0 ELSE %s END FROM %s AS s';
  behind integer[] := '{}';
  step bigint;
  up integer;
  bound numeric;
  last numeric;
BEGIN
  FOR n IN 1 .. cardinality(sequences) LOOP
    which := n;
    SELECT s.seqincrement, sign(s.seqincrement), CASE WHEN s.seqincrement > 0 THEN s.seqmax ELSE s.seqmin END
      INTO step, up, bound FROM pg_sequence s WHERE s.seqrelid = sequences[n];
    EXECUTE format(look, step, sequences[n]) INTO last;
    CONTINUE WHEN used[n]::numeric * up <= last * up;
    -- A sequence is everybody's: one tenant's value may not use up what is left of it.
    IF 2 * (bound - used[n]) * up < (bound - last) * up THEN
      state := 'refused';
      RETURN;
    END IF;
    behind := array_append(behind, n);
  END LOOP;
  FOREACH which IN ARRAY behind LOOP
    SELECT s.seqincrement, sign(s.seqincrement) INTO step, up FROM pg_sequence s WHERE s.seqrelid = sequences[which];
    EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', sequences[which], step);
    EXECUTE format(look, step, sequences[which]) INTO last;
    IF used[which]::numeric * up > last * up THEN
      PERFORM setval(sequences[which], used[which]);
    END IF;
  END LOOP;
  state := 'raised';
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  state := 'busy';
END

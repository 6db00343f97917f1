IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = {missing};
  END IF;
  IF (SELECT split_part(extversion, '.', 1)::int FROM pg_extension WHERE extname = 'citus') < 11 THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE =
      'this Citus does not bring functions and policies to its workers: update it to 11 or newer';
  END IF;
  IF EXISTS (SELECT FROM pg_dist_local_group WHERE groupid <> 0) THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE =
      'this is one of Citus''s workers: run it on the coordinator, which tells the workers';
  END IF;

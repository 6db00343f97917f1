IF NOT EXISTS (SELECT FROM pg_dist_object WHERE classid = 'pg_proc'::regclass
      AND objid = 'tenancy.current_tenant()'::regprocedure) THEN
    PERFORM create_distributed_function('tenancy.current_tenant()'::regprocedure);
  END IF;

CREATE OR REPLACE TRIGGER tenancy_watch_insert AFTER INSERT ON {relation} REFERENCING NEW TABLE AS tenancy_new
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy_watch.{function}();
CREATE OR REPLACE TRIGGER tenancy_watch_update AFTER UPDATE ON {relation}
  REFERENCING OLD TABLE AS tenancy_old NEW TABLE AS tenancy_new
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy_watch.{function}();
CREATE OR REPLACE TRIGGER tenancy_watch_delete AFTER DELETE ON {relation} REFERENCING OLD TABLE AS tenancy_old
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy_watch.{function}();
CREATE OR REPLACE TRIGGER tenancy_watch_truncate AFTER TRUNCATE ON {relation}
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy_watch.{function}();

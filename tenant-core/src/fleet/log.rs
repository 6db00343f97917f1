use std::collections::HashMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{MigrationRecord, MigrationState, MigrationTarget, MigrationsError, TargetStatus};
use crate::{SessionError, SqlSession};

/// Both are looked for first: who may not create them may still use them.
const INSTALL: &str = "DO $$ BEGIN
  IF pg_catalog.to_regclass('tenancy_fleet.migrations') IS NOT NULL THEN RETURN; END IF;
  PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('tenancy_fleet.migrations', 0));
  IF pg_catalog.to_regnamespace('tenancy_fleet') IS NULL THEN
    CREATE SCHEMA tenancy_fleet;
    REVOKE ALL ON SCHEMA tenancy_fleet FROM PUBLIC;
  END IF;
  IF pg_catalog.to_regclass('tenancy_fleet.migrations') IS NOT NULL THEN RETURN; END IF;
  CREATE TABLE tenancy_fleet.migrations (
    database text NOT NULL,
    schema text NOT NULL,
    migration text NOT NULL,
    tenant text,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'unclear')),
    started timestamptz,
    finished timestamptz,
    error text,
    who text NOT NULL,
    PRIMARY KEY (database, schema, migration)
  );
  COMMENT ON TABLE tenancy_fleet.migrations IS
    'What became of each migration in each target; the ORM''s own table there is what counts';
  COMMENT ON COLUMN tenancy_fleet.migrations.schema IS 'Empty for a database as a whole';
  CREATE INDEX ON tenancy_fleet.migrations (database, schema) WHERE state <> 'done';
  REVOKE ALL ON tenancy_fleet.migrations FROM PUBLIC;
END $$";

const COLUMNS: &str = "m.database, nullif(m.schema, '') AS schema, m.migration, m.tenant, m.state, \
     to_char(m.started AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS started, \
     to_char(m.finished AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS finished, \
     m.error, m.who";

/// The log of migrations: the table `tenancy_fleet.migrations` of one database, with a row per target and
/// migration.
///
/// It says what was tried, by whom, and how it ended. Whether a migration is applied is said by the
/// ORM's own table in the target; a run compares the two and corrects the log.
///
/// ```no_run
/// # async fn f(session: impl tenant_core::SqlSession) -> Result<(), tenant_core::MigrationsError> {
/// use tenant_core::MigrationLog;
///
/// for target in MigrationLog::new(session).status().await? {
///     println!("{}: {} done, {} not", target.database, target.done, target.open.len());
/// }
/// # Ok(()) }
/// ```
///
/// # Authority
/// A login that owns the table, or may create a schema in the database: the first run makes both.
#[derive(Debug, Clone)]
pub struct MigrationLog<S> {
    session: S,
}

impl<S: SqlSession> MigrationLog<S> {
    /// The log in this session's database.
    pub fn new(session: S) -> Self {
        Self { session }
    }

    /// Makes the table, unless it is there.
    ///
    /// # Errors
    /// [`MigrationsError::Log`].
    pub async fn install(&self) -> Result<(), MigrationsError> {
        self.session.batch(INSTALL).await.map_err(MigrationsError::Log)
    }

    /// Every target that the log knows. Empty, if no run has made the log.
    ///
    /// # Errors
    /// [`MigrationsError::Log`].
    pub async fn status(&self) -> Result<Vec<TargetStatus>, MigrationsError> {
        let sql = format!(
            "SELECT t.database, nullif(t.schema, '') AS schema, max(t.tenant) AS tenant, \
             count(*) FILTER (WHERE t.state = 'done') AS done, \
             max(t.migration) FILTER (WHERE t.state = 'done') AS last, \
             coalesce((SELECT json_agg(row_to_json(r)) FROM (SELECT {COLUMNS} FROM tenancy_fleet.migrations m \
             WHERE m.database = t.database AND m.schema = t.schema AND m.state <> 'done' \
             ORDER BY m.migration) AS r), '[]') AS open \
             FROM tenancy_fleet.migrations t GROUP BY t.database, t.schema ORDER BY t.database, t.schema"
        );
        self.read(&sql, &[]).await.map_err(MigrationsError::Log)
    }

    /// What became of each migration of a target, by name.
    ///
    /// # Errors
    /// [`MigrationsError::Log`].
    pub async fn records(
        &self,
        target: &MigrationTarget,
    ) -> Result<Vec<MigrationRecord>, MigrationsError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM tenancy_fleet.migrations m \
             WHERE m.database = $1::text AND m.schema = $2::text ORDER BY m.migration"
        );
        let (database, schema) = target.place();
        self.read(&sql, &[database, schema]).await.map_err(MigrationsError::Log)
    }

    /// Forgets a target: one that was dropped, or moved away.
    ///
    /// # Errors
    /// [`MigrationsError::Log`].
    pub async fn forget(&self, target: &MigrationTarget) -> Result<(), MigrationsError> {
        let sql = "DELETE FROM tenancy_fleet.migrations WHERE database = $1::text AND schema = $2::text RETURNING true AS written";
        let (database, schema) = target.place();
        self.write(sql, &[database, schema]).await.map_err(MigrationsError::Log)
    }

    /// The places for which all of these migrations are done.
    pub(super) async fn complete(
        &self,
        migrations: &str,
    ) -> Result<Vec<(String, String)>, SessionError> {
        let sql = "SELECT m.database, m.schema FROM tenancy_fleet.migrations m \
             JOIN json_array_elements_text($1::text::json) AS known (name) ON known.name = m.migration \
             WHERE m.state = 'done' GROUP BY 1, 2 HAVING count(*) = json_array_length($1::text::json)";
        let places: Vec<Place> = self.rows(sql, &[migrations]).await?;
        Ok(places.into_iter().map(|place| (place.database, place.schema)).collect())
    }

    pub(super) async fn states(
        &self,
        target: &MigrationTarget,
    ) -> Result<HashMap<String, MigrationState>, SessionError> {
        let sql = "SELECT m.migration, m.state FROM tenancy_fleet.migrations m \
             WHERE m.database = $1::text AND m.schema = $2::text";
        let (database, schema) = target.place();
        let rows: Vec<Row> = self.rows(sql, &[database, schema]).await?;
        Ok(rows.into_iter().map(|row| (row.migration, row.state)).collect())
    }

    pub(super) async fn begun(
        &self,
        target: &MigrationTarget,
        migration: &str,
        who: &str,
    ) -> Result<(), SessionError> {
        let sql = "INSERT INTO tenancy_fleet.migrations AS m \
             (database, schema, migration, tenant, who, state, started) \
             VALUES ($1::text, $2::text, $3::text, nullif($4::text, ''), $5::text, 'running', clock_timestamp()) \
             ON CONFLICT (database, schema, migration) DO UPDATE SET tenant = EXCLUDED.tenant, \
             who = EXCLUDED.who, state = 'running', started = EXCLUDED.started, finished = NULL, error = NULL \
             RETURNING true AS written";
        let (database, schema) = target.place();
        self.write(sql, &[database, schema, migration, &tenant(target), who]).await
    }

    pub(super) async fn ended(
        &self,
        target: &MigrationTarget,
        migration: &str,
        failed: Option<(MigrationState, &str)>,
    ) -> Result<(), SessionError> {
        let state = match failed {
            None => "done",
            Some((MigrationState::Unclear, _)) => "unclear",
            Some(_) => "failed",
        };
        let sql = "UPDATE tenancy_fleet.migrations SET state = $4::text, finished = clock_timestamp(), \
             error = nullif($5::text, '') WHERE database = $1::text AND schema = $2::text AND migration = $3::text RETURNING true AS written";
        let (database, schema) = target.place();
        let error = failed.map_or("", |(_, error)| error);
        self.write(sql, &[database, schema, migration, state, error]).await
    }

    /// Those that the target has, whatever the log said of them. What was running when its runner was
    /// killed has no end that anybody knows.
    pub(super) async fn found(
        &self,
        target: &MigrationTarget,
        migrations: &[&str],
        who: &str,
    ) -> Result<(), SessionError> {
        let sql = "INSERT INTO tenancy_fleet.migrations AS m \
             (database, schema, migration, tenant, who, state) \
             SELECT $1::text, $2::text, found.name, nullif($4::text, ''), $5::text, 'done' \
             FROM json_array_elements_text($3::text::json) AS found (name) \
             ON CONFLICT (database, schema, migration) DO UPDATE SET state = 'done', error = NULL \
             WHERE m.state <> 'done' RETURNING true AS written";
        let (database, schema) = target.place();
        let names = Value::from(migrations).to_string();
        self.write(sql, &[database, schema, &names, &tenant(target), who]).await
    }

    async fn read<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: &[&str],
    ) -> Result<Vec<T>, SessionError> {
        let there = "SELECT 1 AS is WHERE to_regclass('tenancy_fleet.migrations') IS NOT NULL";
        if self.session.rows(there, &[]).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.rows(sql, params).await
    }

    async fn rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: &[&str],
    ) -> Result<Vec<T>, SessionError> {
        let rows = self.session.rows(sql, params).await?.into_iter();
        rows.map(|row| serde_json::from_value(Value::Object(row)).map_err(SessionError::driver))
            .collect()
    }

    async fn write(&self, sql: &str, params: &[&str]) -> Result<(), SessionError> {
        self.session.rows(sql, params).await.map(drop)
    }
}

#[derive(Deserialize)]
struct Place {
    database: String,
    schema: String,
}

#[derive(Deserialize)]
struct Row {
    migration: String,
    state: MigrationState,
}

fn tenant(target: &MigrationTarget) -> String {
    target.tenant.as_ref().map(ToString::to_string).unwrap_or_default()
}

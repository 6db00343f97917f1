//! What happens on a target's connection before anything else: who, where, and nobody beside us.

use std::time::Duration;

use super::{MigrationTarget, OpenTarget};
use crate::{Error, SessionError, SqlSession, quote_ident, quote_literal};

/// How long the server sleeps between two tries for the lock. Not one long wait: it would hold a
/// snapshot, for which `CREATE INDEX CONCURRENTLY` of the lock's holder would wait in turn.
const PAUSE: Duration = Duration::from_millis(50);

/// Settings for every target of a run.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) role: Option<String>,
    pub(super) also_searched: Vec<String>,
    pub(super) lock_timeout: Option<Duration>,
    pub(super) wait: Duration,
}

impl Entry {
    /// Takes on the role and goes to the schema, which must be there.
    pub(super) async fn enter(
        &self,
        open: &dyn OpenTarget,
        target: &MigrationTarget,
        reads_only: bool,
    ) -> Result<(), String> {
        let session = open.session();
        let settings = self.settings(target, reads_only).map_err(|error| error.to_string())?;
        session.batch(&settings).await.map_err(|error| error.to_string())?;
        // A backend that notices that we are gone gives its lock back. Not every system can.
        let notice = "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings \
                      WHERE name = 'client_connection_check_interval'";
        let _ = session.batch(notice).await;
        is_there(session, target).await
    }

    fn settings(&self, target: &MigrationTarget, reads_only: bool) -> Result<String, Error> {
        let mut sql = "SET application_name = 'tenant migrations';\n".to_owned();
        if let Some(role) = &self.role {
            sql.push_str(&format!("SET ROLE {};\n", quote_ident(role)?));
        }
        if let Some(schema) = &target.schema {
            // Neither `public`, nor `pg_temp`, in which tables would be made if the schema were gone.
            let path =
                [schema].into_iter().chain(&self.also_searched).map(|name| quote_ident(name));
            let path = path.collect::<Result<Vec<_>, _>>()?.join(", ");
            sql.push_str(&format!("SET search_path = {path};\n"));
        }
        if let Some(timeout) = self.lock_timeout {
            sql.push_str(&format!("SET lock_timeout = {};\n", timeout.as_millis().max(1)));
        }
        if reads_only {
            sql.push_str("SET default_transaction_read_only = on;\n");
        }
        Ok(sql)
    }

    /// The target's lock, for as long as the connection lives. Whoever has it is waited for.
    pub(super) async fn lock(
        &self,
        session: &dyn SqlSession,
        target: &MigrationTarget,
    ) -> Result<(), String> {
        let key = quote_literal(&format!("tenancy.migrations {}", target.place().1));
        let attempt = format!(
            "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended({key}, 0)) AS is"
        );
        let pause = format!("SELECT pg_catalog.pg_sleep({})", PAUSE.as_secs_f64());
        let mut left = self.wait;
        while !says(session, &attempt).await.map_err(|error| error.to_string())? {
            if left.is_zero() {
                return Err(format!(
                    "another runner has been migrating this target for {:?}; look at it \
                     (`pg_stat_activity`, application_name `tenant migrations`), then run this again",
                    self.wait
                ));
            }
            left = left.saturating_sub(PAUSE);
            session.batch(&pause).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// That tables are made in the target's schema and nowhere else.
pub(super) async fn is_there(
    session: &dyn SqlSession,
    target: &MigrationTarget,
) -> Result<(), String> {
    let Some(schema) = &target.schema else { return Ok(()) };
    let is = quote_literal(schema);
    let ask = format!("SELECT coalesce(pg_catalog.current_schema() = {is}, false) AS is");
    if says(session, &ask).await.map_err(|error| error.to_string())? {
        return Ok(());
    }
    Err(format!(
        "there is no schema {schema:?} in this database, or the role may not use it; \
         create it, or take the target from the list"
    ))
}

async fn says(session: &dyn SqlSession, sql: &str) -> Result<bool, SessionError> {
    let rows = session.rows(sql, &[]).await?;
    Ok(rows.first().and_then(|row| row.get("is")?.as_bool()).unwrap_or_default())
}

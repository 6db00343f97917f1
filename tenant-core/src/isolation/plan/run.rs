//! Running steps: one installer at a time, short waits, many tries.

use super::{How, Step};
use crate::{Error, SessionError, SqlSession, quote::dollar_quoted};

/// Nobody waits longer behind us than this, plus what the step itself takes.
pub(super) const BEGIN: &str = "BEGIN;\nSET LOCAL client_min_messages = warning;\n\
    SET LOCAL search_path = pg_catalog, pg_temp;\nSET LOCAL lock_timeout = '50ms';\n";

/// Tries before a step gives up; some ten minutes.
const TRIES: u32 = 300;

/// How often another installer is waited for.
const WAITS: u32 = 3000;

/// A connection of its own that holds the installer's lock until it is closed.
pub(super) async fn alone<S: SqlSession + ?Sized>(
    session: &S,
) -> Result<Box<dyn SqlSession>, Error> {
    let session = session.dedicated().await?;
    session
        .batch(
            "SET search_path = pg_catalog, pg_temp; SET statement_timeout = 0; SET lock_timeout = 0; \
             SET idle_in_transaction_session_timeout = 0",
        )
        .await?;
    // An autovacuum in the way is ended when a waiter looks for deadlocks; only a superuser may look
    // sooner than after the usual second.
    session
        .batch(
            "DO $$ BEGIN SET deadlock_timeout = '20ms'; \
             EXCEPTION WHEN insufficient_privilege THEN NULL; END $$",
        )
        .await?;
    for _ in 0..WAITS {
        let sql = "SELECT pg_try_advisory_lock(hashtextextended('tenancy', 0)) AS ours";
        let rows = session.rows(sql, &[]).await?;
        if rows.iter().any(|row| row.get("ours").is_some_and(|ours| ours == true)) {
            return Ok(session);
        }
        // A waiting statement would hold a snapshot, for which CREATE INDEX CONCURRENTLY waits.
        session.rows("SELECT pg_sleep(0.2)::text AS slept", &[]).await?;
    }
    Err(Error::Plan {
        why: "another installer is at work on this database; wait for it".to_owned(),
    })
}

pub(super) async fn steps(session: &dyn SqlSession, steps: &[Step]) -> Result<(), Error> {
    for (number, step) in (1..).zip(steps) {
        tracing::info!(step = %step.title, number, of = steps.len(), "isolation");
        run(session, step).await.map_err(|error| match error {
            Error::Session { source } => Error::Step { step: step.title.clone(), source },
            other => other,
        })?;
    }
    Ok(())
}

async fn run(session: &dyn SqlSession, step: &Step) -> Result<(), Error> {
    if step.how == How::Alone {
        return Ok(session.batch(&step.sql).await?);
    }
    let attempt = attempt(&step.sql);
    let mut nap = 0.05_f64;
    for _ in 0..TRIES {
        if let Err(error) = session.batch(&attempt).await {
            // The transaction goes, and with it what was done of the step.
            session.batch("ROLLBACK").await?;
            return Err(error.into());
        }
        if !has_waited(session).await? {
            return Ok(());
        }
        tracing::debug!(step = %step.title, "somebody holds the lock; trying again");
        session.rows(&format!("SELECT pg_sleep({nap})::text AS slept"), &[]).await?;
        nap = (nap * 2.0).min(2.0);
    }
    let why = "somebody has held a lock on the table for minutes: end that transaction, then go on";
    Err(SessionError::driver(why).into())
}

/// The step, with the failure to get a lock caught in the database: not every driver tells what
/// went wrong.
fn attempt(sql: &str) -> String {
    let body = format!(
        "\nBEGIN\n  SET tenancy.waited = 'no';\n  EXECUTE {};\n\
         EXCEPTION WHEN lock_not_available OR deadlock_detected THEN\n  SET tenancy.waited = 'yes';\nEND\n",
        dollar_quoted(sql)
    );
    format!("{BEGIN}DO {};\nCOMMIT", dollar_quoted(&body))
}

async fn has_waited(session: &dyn SqlSession) -> Result<bool, Error> {
    let sql = "SELECT current_setting('tenancy.waited', true) AS waited";
    let rows = session.rows(sql, &[]).await?;
    Ok(rows.iter().any(|row| row.get("waited").is_some_and(|waited| waited == "yes")))
}

//! The way for a database that has rows: concrete steps, each short or harmless, printed before
//! they run.

mod found;
mod index;
mod keys;
mod notes;
mod read;
mod run;
mod tables;
mod walls;

use std::fmt;

use super::{Isolation, hash::name_of};
use crate::{Error, SqlSession, TenantTable};

/// How a step wants to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum How {
    /// In a transaction, which is short. [`Step::script`] brings its own.
    InTransaction,
    /// As a message of its own, outside of any transaction: `CONCURRENTLY`, or a block that commits
    /// in between.
    Alone,
}

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Columns, rows, indexes, keys. The application goes on as it is.
    Prepare,
    /// Row security, policies, grants. From here on a transaction without a tenant is refused.
    Enforce,
}

/// One step of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What it does, in a few words.
    pub title: String,
    /// Its SQL, without `BEGIN` and `COMMIT`.
    pub sql: String,
    /// How it wants to be run.
    pub how: How,
    /// What it is for.
    pub phase: Phase,
    /// What it locks, and for how long.
    pub locks: &'static str,
}

impl Step {
    fn new(title: String, sql: String, phase: Phase, locks: &'static str) -> Self {
        Self { title, sql, how: How::InTransaction, phase, locks }
    }

    fn prepare(title: String, sql: String, locks: &'static str) -> Self {
        Self::new(title, sql, Phase::Prepare, locks)
    }

    fn alone(mut self) -> Self {
        self.how = How::Alone;
        self
    }

    /// Whether it must run outside of a transaction, so that a migration tool must not open one.
    pub fn is_alone(&self) -> bool {
        self.how == How::Alone
    }

    /// The step as a text that is complete in itself, for a migration: with its transaction and its
    /// limit on waiting, or, for one that runs alone, as it is.
    pub fn script(&self) -> String {
        match self.how {
            How::Alone => self.sql.clone(),
            How::InTransaction => format!("{}{}\nCOMMIT;\n", run::BEGIN, self.sql.trim_end()),
        }
    }
}

/// What is still missing in a database, as steps. Made by [`Isolation::plan`](crate::Isolation::plan).
///
/// It prints as SQL with remarks, to be reviewed. [`run`](Self::run) runs it; a run that was ended
/// anywhere is taken up by making the plan again, in which what is done does not appear.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// What nobody does for you, but should be looked at.
    pub notes: Vec<String>,
    /// The way back, from any of these steps: [`Isolation::down`](crate::Isolation::down).
    pub down: String,
}

impl Plan {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Runs the steps on a connection of its own. One that does not get its lock within
    /// 50 milliseconds lets go, so that nobody queues behind it, and tries again, for some minutes.
    /// One installer works at a time; another one waits. Each step is told as a `tracing` event.
    ///
    /// Dropping the future ends it between two steps or closes the connection, which ends the step;
    /// make the plan again to go on.
    ///
    /// # Errors
    /// [`Error::Step`] with the step that failed; those before it are done, and stay.
    pub async fn run<S: SqlSession + ?Sized>(&self, session: &S) -> Result<(), Error> {
        let session = run::alone(session).await?;
        run::steps(&*session, &self.steps).await
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            writeln!(f, "-- Nothing is missing.")?;
        }
        for (number, step) in (1..).zip(&self.steps) {
            writeln!(f, "-- {number}/{}. {}", self.steps.len(), step.title)?;
            writeln!(
                f,
                "--   {:?}, {}; locks: {}",
                step.phase,
                if step.is_alone() { "outside of a transaction" } else { "in a transaction" },
                step.locks
            )?;
            writeln!(f, "{}\n", step.sql.trim_end())?;
        }
        for note in &self.notes {
            writeln!(f, "-- Note: {}", note.replace('\n', "\n--   "))?;
        }
        Ok(())
    }
}

/// The check that stands in for NOT NULL until it is proven.
pub(super) fn not_null_name(table: &TenantTable) -> String {
    name_of(&format!("{}_{}", table.table().name(), table.column()), "_tenancy_set")
}

/// Makes the plan on a connection of its own.
pub(super) async fn plan<S: SqlSession + ?Sized>(
    isolation: &Isolation,
    session: &S,
) -> Result<Plan, Error> {
    Ok(make(isolation, &*session.dedicated().await?).await?.0)
}

/// Plans and runs, with nobody else installing in between. Where no table has rows, the whole is
/// one transaction.
pub(super) async fn apply<S: SqlSession + ?Sized>(
    isolation: &Isolation,
    session: &S,
) -> Result<(), Error> {
    let session = run::alone(session).await?;
    let (plan, has_rows) = make(isolation, &*session).await?;
    if plan.is_empty() {
        return Ok(());
    }
    if has_rows {
        return run::steps(&*session, &plan.steps).await;
    }
    Ok(session.batch(&isolation.up()).await?)
}

async fn make(isolation: &Isolation, session: &dyn SqlSession) -> Result<(Plan, bool), Error> {
    session.batch("BEGIN READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp").await?;
    let found = read::read(isolation, session).await?;
    session.batch("ROLLBACK").await?;
    let mut steps = walls::first(isolation, &found);
    let order = tables::in_order(isolation, &found)?;
    for index in &order {
        steps.extend(tables::steps(isolation, *index, &found)?);
        steps.extend(index::steps(&isolation.tenancy.tenant_tables()[*index], &found));
    }
    steps.extend(keys::steps(&found));
    let children_first: Vec<usize> = order.into_iter().rev().collect();
    let begun = !steps.is_empty();
    steps.extend(walls::last(isolation, &found, &children_first, begun));
    let notes = notes::notes(isolation, &found);
    Ok((Plan { steps, notes, down: isolation.down() }, found.has_rows()))
}

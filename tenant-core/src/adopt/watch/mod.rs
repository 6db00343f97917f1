//! What the isolation would refuse, recorded before it is there.

mod off;
mod on;
mod reads;
mod report;
mod way;

pub use reads::WatchedRead;
pub use report::{WatchReason, WatchReport, WatchedTable, WatchedWrite};

use super::AdoptError;
use crate::{Error, Isolation, SqlSession, TableName};

/// Records which writes the isolation would refuse, table by table, while everything still works as
/// before: for the time in which an application learns to say its tenant.
///
/// A trigger behind each statement compares the rows that it wrote with the tenant that the
/// transaction has set, where the layout will look for it (`set_config('app.current_tenant_id', …,
/// true)`). What it would refuse it appends to a log of its own; a [`report`](Self::report) adds the
/// log up. It changes no row and refuses none: whatever goes wrong in the recorder is caught there.
/// Literals and comments are taken out of a query before it is kept.
///
/// Not seen are writes of transactions that were rolled back, what a replica applies, and reads
/// ([`reads`](Self::reads) has what can be said of those).
///
/// ```no_run
/// # use tenant_core::{AdoptError, AdoptWatch, Isolation, SqlSession, TableName};
/// # async fn rehearse(session: &dyn SqlSession, isolation: &Isolation) -> Result<(), Box<dyn std::error::Error>> {
/// let watch = AdoptWatch::new(session);
/// watch.on(isolation, &[TableName::new("invoices")?]).await?;
/// // …days later…
/// for write in watch.since("yesterday").report().await?.writes {
///     println!("{} {} {}: {} times by {}", write.table, write.operation, write.reason, write.statements, write.login);
/// }
/// watch.off(&[]).await?; // everything
/// # Ok(()) }
/// ```
///
/// # Authority
/// Whoever owns the tables and may create a schema: the recorder runs with that role's rights, so a table whose
/// owner may less is refused, and one that gets such an owner later is not judged any more. The writers need none.
///
/// # Cancellation
/// A call that is dropped closes its connection. What is watched by then stays so; run it again.
#[derive(Debug)]
pub struct AdoptWatch<'a, S: ?Sized> {
    session: &'a S,
    since: &'a str,
    login: &'a str,
}

// Derived, they would ask for the same of the session.
impl<S: ?Sized> Clone for AdoptWatch<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ?Sized> Copy for AdoptWatch<'_, S> {}

impl<'a, S: SqlSession + ?Sized> AdoptWatch<'a, S> {
    /// The watch of this session's database.
    pub fn new(session: &'a S) -> Self {
        Self { session, since: "", login: "" }
    }

    /// Reports only what was seen again at this time or later, as PostgreSQL reads a time:
    /// `2026-11-21 09:30+00`, `yesterday`. How often is counted from the beginning all the same.
    pub fn since(mut self, time: &'a str) -> Self {
        self.since = time;
        self
    }

    /// Reports only what this login wrote.
    pub fn login(mut self, login: &'a str) -> Self {
        self.login = login;
        self
    }

    /// Watches these declared tenant tables from now on; one that is watched already is looked at anew.
    ///
    /// The tenant of a row is in its tenant column. Where that is not there yet, it is found as the
    /// [`Backfill`](crate::Backfill) says: in another column, or along foreign keys.
    ///
    /// # Locks
    /// `SHARE ROW EXCLUSIVE` on one table after the other, each for an instant: writers wait for it. It is
    /// waited for no longer than a second.
    ///
    /// # Errors
    /// [`AdoptError::Watch`] for a table that is no tenant's, or whose rows' tenants cannot be found;
    /// [`AdoptError::Core`] with what the database said, such as a lock that was not given in time: what
    /// was switched on before stays so.
    pub async fn on(
        &self,
        isolation: &Isolation,
        tables: &[TableName],
    ) -> Result<Vec<WatchedTable>, AdoptError> {
        let session = self.quick().await?;
        on::on(&*session, isolation, tables).await?;
        report::watched(&*session).await
    }

    /// What would have been refused. It adds up the log, and empties it, as the role that watches: whoever may take that
    /// role runs nothing of it with rights of their own.
    ///
    /// # Errors
    /// [`AdoptError::Watch`] where nothing is watched; [`AdoptError::Core`] with what the database said,
    /// of the time that [`since`](Self::since) got, too.
    pub async fn report(&self) -> Result<WatchReport, AdoptError> {
        report::report(&*self.quick().await?, self.since, self.login).await
    }

    /// Queries that read tenants' tables and name no column that holds a tenant, those that ran most often
    /// first, from `pg_stat_statements`; nothing where that is not installed.
    ///
    /// A list to look at, and no more: it cannot say whether a transaction had set its tenant, which is
    /// all that will count then; it does not have what was run too seldom to be kept; and a query that
    /// names the column may still get another tenant's id.
    ///
    /// # Errors
    /// [`AdoptError::Watch`] where nothing is watched; [`AdoptError::Core`] with what the database said.
    pub async fn reads(
        &self,
        isolation: &Isolation,
    ) -> Result<Option<Vec<WatchedRead>>, AdoptError> {
        reads::reads(&*self.quick().await?, isolation).await
    }

    /// Watches these tables no longer; with no table named, none, and takes everything away that was made
    /// for it, the log too.
    ///
    /// # Locks
    /// `ACCESS EXCLUSIVE` on one table after the other, each for an instant, waited for no longer than a
    /// second.
    ///
    /// # Errors
    /// [`AdoptError::Core`] with what the database said, such as a lock that was not given in time: run it
    /// again.
    pub async fn off(&self, tables: &[TableName]) -> Result<(), AdoptError> {
        off::off(&*self.quick().await?, tables).await
    }

    /// A session that waits for nobody for long, and finds nothing but PostgreSQL's own. Under SERIALIZABLE, which may
    /// be the database's default, what a report reads could make a writer's transaction fail.
    async fn quick(&self) -> Result<Box<dyn SqlSession>, AdoptError> {
        let session = self.session.dedicated().await.map_err(Error::from)?;
        let settings = "SET search_path = pg_catalog, pg_temp; SET lock_timeout = '1s'; \
                        SET default_transaction_isolation = 'read committed'";
        session.batch(settings).await.map_err(Error::from)?;
        Ok(session)
    }
}

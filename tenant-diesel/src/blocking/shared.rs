use std::{fmt, sync::Arc};

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
};

use super::{
    Handle, RawTransaction, TenantTransaction,
    connection::Connection,
    gated::GatedConnection,
    handle::sealed::{Access, Key},
};
use crate::{
    Error,
    gate::{QueryIn, Shared},
    look::Look,
};

/// An open transaction without a tenant, on which only shared tables compile.
///
/// Without a [`commit`](Self::commit) nothing is kept: dropped, it is rolled back by closing its
/// connection, so commit reads, too.
///
/// What the types cannot see (a boxed subselect, `HAVING`, `sql::<T>()`) is looked for in the
/// rendered SQL before it is sent; behind that stands the shared role, which has no privilege on a
/// tenant's table.
pub struct SharedTransaction {
    connection: Connection,
    look: Arc<Look>,
}

impl SharedTransaction {
    pub(crate) fn new(connection: Connection, look: Arc<Look>) -> Self {
        Self { connection, look }
    }

    /// Keeps everything that was done, and gives the connection back.
    ///
    /// # Errors
    /// As [`TenantTransaction::commit`].
    pub fn commit(self) -> Result<(), Error> {
        self.connection.commit()
    }

    /// Undoes everything that was done, and gives the connection back.
    ///
    /// # Errors
    /// As [`TenantTransaction::rollback`].
    pub fn rollback(self) -> Result<(), Error> {
        self.connection.rollback()
    }

    /// Runs whatever SQL as the shared role, with a reason that goes to the log; the connection is
    /// closed afterwards.
    ///
    /// # Authority
    /// Unchecked: the shared role alone holds it.
    pub fn raw_unchecked(&mut self, reason: &'static str) -> RawTransaction<'_> {
        tracing::warn!(target: "tenant", reason = %reason, "raw SQL unchecked on a shared handle");
        self.connection.close_afterwards();
        RawTransaction::new(&mut self.connection)
    }
}

impl Access for SharedTransaction {
    type AccessMode = Shared;

    fn admit<Q>(&mut self, _: Key, query: &Q) -> QueryResult<&mut GatedConnection>
    where
        Q: QueryFragment<Pg> + QueryId + QueryIn<Shared>,
    {
        self.look.shared_only(query)?;
        if self.look.leaves_traces(query)? {
            self.connection.close_afterwards();
        }
        self.connection.open()
    }

    fn admit_changes(&mut self, _: Key) -> QueryResult<&mut GatedConnection> {
        self.connection.open()
    }
}

impl Handle for SharedTransaction {
    type Mode = Shared;
}

/// The shared tables, seen from inside a tenant's transaction; made by
/// [`TenantTransaction::shared`].
pub struct SharedView<'a> {
    transaction: &'a mut TenantTransaction,
}

impl<'a> SharedView<'a> {
    pub(crate) fn new(transaction: &'a mut TenantTransaction) -> Self {
        Self { transaction }
    }
}

impl Access for SharedView<'_> {
    type AccessMode = Shared;

    fn admit<Q>(&mut self, _: Key, query: &Q) -> QueryResult<&mut GatedConnection>
    where
        Q: QueryFragment<Pg> + QueryId + QueryIn<Shared>,
    {
        self.transaction.look().shared_only(query)?;
        if self.transaction.look().leaves_traces(query)? {
            self.transaction.connection.close_afterwards();
        }
        self.transaction.connection.open()
    }

    fn admit_changes(&mut self, _: Key) -> QueryResult<&mut GatedConnection> {
        self.transaction.connection.open()
    }
}

impl Handle for SharedView<'_> {
    type Mode = Shared;
}

impl fmt::Debug for SharedTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTransaction").finish_non_exhaustive()
    }
}

impl fmt::Debug for SharedView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedView").field("of", &self.transaction).finish()
    }
}

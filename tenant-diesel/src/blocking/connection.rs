//! A pooled connection inside a transaction: what keeps a tenant's state from the next borrower.

use diesel::{
    PgConnection, QueryResult,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, PooledConnection},
    result::Error as DieselError,
};
use tenant_core::{
    TenantId,
    adapter::{COMMIT, Watching},
};

use super::gated::GatedConnection;
use crate::{Error, connection::FOREIGN_ROW};

/// Owns a pooled connection from `BEGIN` to the end of its transaction.
///
/// It goes back to the pool after a `COMMIT` or `ROLLBACK` that the server confirmed, and in no
/// other case: dropped or failed on the way, it is closed instead of taken back,
/// which ends the transaction on the server.
pub(crate) struct Connection {
    gated: Option<GatedConnection>,
    tenant: Option<TenantId>,
    depth: usize,
    /// Why no statement may run any more.
    unusable: Option<&'static str>,
    /// Raw SQL may have left something behind.
    traces: bool,
    /// What was prepared on it may fit another tenant's tables.
    in_own_schema: bool,
}

/// Why a transaction was not opened.
pub(crate) struct NotBegun {
    pub(crate) source: DieselError,
    /// The connection was dead, so that another one may serve.
    pub(crate) dead: bool,
}

impl Connection {
    /// Opens a transaction with this message. If any part of it fails the connection is closed.
    pub(crate) fn begin(
        object: PooledConnection<ConnectionManager<PgConnection>>,
        tenant: Option<TenantId>,
        message: &str,
    ) -> Result<Self, NotBegun> {
        let gated = Some(GatedConnection::new(object));
        let mut this =
            Self { gated, tenant, depth: 0, unusable: None, traces: false, in_own_schema: false };
        let Some(connection) = &mut this.gated else {
            return Err(NotBegun { source: DieselError::NotInTransaction, dead: true });
        };
        match connection.begin(message) {
            Ok(()) => Ok(this),
            Err(source) => {
                // Diesel shows no SQLSTATE, and a server that is told to stop says so as an
                // ordinary error: whether it still answers tells.
                let dead = connection.batch_execute("ROLLBACK").is_err();
                Err(NotBegun { source, dead })
            }
        }
    }

    /// The connection, while its transaction can take statements.
    pub(crate) fn open(&mut self) -> QueryResult<&mut GatedConnection> {
        if self.gated.as_ref().is_some_and(GatedConnection::tripped) {
            self.unusable = Some(FOREIGN_ROW);
        }
        let why = self.unusable.unwrap_or("it has ended; begin a new one");
        match &mut self.gated {
            Some(gated) if self.unusable.is_none() => Ok(gated),
            _ => Err(Error::Closed { why }.into()),
        }
    }

    /// From then on, rows and refusals are watched.
    pub(crate) fn watched_by(&mut self, watching: Watching) {
        if let Some(gated) = &mut self.gated {
            gated.watched_by(watching);
        }
    }

    /// The tables are the tenant's own, and may be other than those that statements were prepared for on
    /// this connection: PostgreSQL plans them anew, but refuses one whose result has changed, each
    /// time. So the connection is closed after a rollback.
    pub(crate) fn in_own_schema(&mut self) {
        self.in_own_schema = true;
    }

    /// Has the connection closed at the end, instead of handed to the next borrower.
    pub(crate) fn close_afterwards(&mut self) {
        self.traces = true;
    }

    pub(crate) fn commit(mut self) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        let connection = self.open().map_err(Error::from)?;
        let Err(source) = connection.batch_execute(COMMIT) else {
            self.give_back();
            return Ok(());
        };
        // Diesel shows no SQLSTATE: an aborted transaction is known by what it answers next.
        if connection.batch_execute("SELECT 1").is_ok() {
            self.give_back();
            return Err(Error::Commit { tenant, source });
        }
        if connection.batch_execute("ROLLBACK").is_ok() {
            self.traces |= self.in_own_schema;
            self.give_back();
            return Err(Error::CommitAborted { tenant });
        }
        Err(Error::CommitUnknown { tenant, source })
    }

    pub(crate) fn rollback(mut self) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        let Some(gated) = &mut self.gated else {
            return Ok(());
        };
        match gated.batch_execute("ROLLBACK") {
            Ok(()) => {
                self.traces |= self.in_own_schema;
                self.give_back();
                Ok(())
            }
            Err(source) => Err(Error::Rollback { tenant, source }),
        }
    }

    /// Sets a savepoint and goes one level down.
    pub(crate) fn savepoint(&mut self) -> Result<(), Error> {
        let name = self.depth + 1;
        let tenant = self.tenant.clone();
        self.during(&format!("SAVEPOINT tenant_{name}"))
            .map_err(|source| Error::Begin { tenant, source })?;
        self.depth = name;
        Ok(())
    }

    /// Keeps what was done since the savepoint, and runs `then` in the same message.
    pub(crate) fn release(&mut self, then: &str) -> Result<(), Error> {
        let name = self.depth;
        let tenant = self.tenant.clone();
        if let Err(source) = self.during(&format!("RELEASE SAVEPOINT tenant_{name}; {then}")) {
            // A savepoint whose statements failed cannot be released. It is undone, so that the
            // outer transaction goes on, and the caller is told.
            self.undo()?;
            return Err(match source {
                DieselError::DatabaseError(..) => Error::CommitAborted { tenant },
                source => Error::CommitUnknown { tenant, source },
            });
        }
        self.depth -= 1;
        Ok(())
    }

    /// Undoes what was done since the savepoint.
    pub(crate) fn undo(&mut self) -> Result<(), Error> {
        let name = self.depth;
        let tenant = self.tenant.clone();
        self.during(&format!(
            "ROLLBACK TO SAVEPOINT tenant_{name}; RELEASE SAVEPOINT tenant_{name}"
        ))
        .map_err(|source| Error::Rollback { tenant, source })?;
        self.traces |= self.in_own_schema;
        self.depth -= 1;
        Ok(())
    }

    /// Runs a message that changes the nesting; left on the way, the transaction is unusable.
    fn during(&mut self, message: &str) -> QueryResult<()> {
        self.open()?;
        self.unusable = Some(
            "a nested transaction failed while it began or ended; \
             begin a new one",
        );
        let result = match &mut self.gated {
            Some(gated) => gated.batch_execute(message),
            None => Ok(()),
        };
        self.unusable = None;
        result
    }

    /// A nested transaction was left by neither of its two ways: nothing more runs, since what it
    /// did would be neither kept nor undone.
    pub(crate) fn poison(&mut self) {
        self.unusable = Some("a nested transaction in it panicked; begin a new one");
    }

    fn give_back(&mut self) {
        if self.traces || self.gated.as_ref().is_some_and(GatedConnection::tripped) {
            self.close();
        }
        drop(self.gated.take());
    }

    fn close(&mut self) {
        if let Some(gated) = &mut self.gated {
            gated.close();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

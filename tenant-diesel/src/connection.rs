//! A pooled connection inside a transaction: what keeps a tenant's state from the next borrower.

use std::time::Instant;

use diesel::{QueryResult, result::Error as DieselError};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, pooled_connection::deadpool::Object};
use tenant_core::{
    TenantId,
    adapter::{COMMIT, Watching},
};

use crate::{Error, deferred::Opener, gated::GatedConnection, share::Held};

const TIME_OVER: &str = "the access across tenants that it was opened with has ended, and what it did \
     is rolled back; ask for another one, with its reason";
pub(crate) const FOREIGN_ROW: &str = "a row of another tenant came back in it, so it is rolled back: the database \
     does not keep tenants apart";

/// Owns a pooled connection from `BEGIN` to the end of its transaction.
///
/// It goes back to the pool after a `COMMIT` or `ROLLBACK` that the server confirmed, and in no
/// other case: dropped, cancelled or failed on the way, it is taken out of the pool and closed,
/// which ends the transaction on the server.
pub(crate) struct Connection {
    gated: Option<GatedConnection>,
    /// Given up behind the connection.
    held: Held,
    tenant: Option<TenantId>,
    depth: usize,
    /// Why no statement may run any more.
    unusable: Option<&'static str>,
    /// Raw SQL may have left something behind.
    traces: bool,
    /// What was prepared on it may fit another tenant's tables.
    in_own_schema: bool,
    /// From when on nothing more may run.
    ends: Option<Instant>,
}

/// Why a transaction was not opened.
pub(crate) struct NotBegun {
    pub(crate) source: DieselError,
    /// The connection was dead, so that another one may serve.
    pub(crate) dead: bool,
}

impl Connection {
    fn new(gated: GatedConnection, held: Held, tenant: Option<TenantId>) -> Self {
        Self {
            gated: Some(gated),
            held,
            tenant,
            depth: 0,
            unusable: None,
            traces: false,
            in_own_schema: false,
            ends: None,
        }
    }

    /// A transaction whose opening travels with the first statement.
    pub(crate) fn deferred(
        object: Object<AsyncPgConnection>,
        held: Held,
        tenant: TenantId,
        opener: Opener,
    ) -> Self {
        Self::new(GatedConnection::deferred(object, opener), held, Some(tenant))
    }

    /// Opens a transaction with this message. If any part of it fails the connection is closed.
    pub(crate) async fn begin(
        object: Object<AsyncPgConnection>,
        held: Held,
        tenant: Option<TenantId>,
        message: &str,
    ) -> Result<Self, NotBegun> {
        let mut this = Self::new(GatedConnection::new(object), held, tenant);
        let Some(connection) = &mut this.gated else {
            return Err(NotBegun { source: DieselError::NotInTransaction, dead: true });
        };
        match connection.batch_execute(message).await {
            Ok(()) => Ok(this),
            Err(source) => {
                // Diesel shows no SQLSTATE, and a server that is told to stop says so as an
                // ordinary error: whether it still answers tells.
                let dead = connection.batch_execute("ROLLBACK").await.is_err();
                Err(NotBegun { source, dead })
            }
        }
    }

    /// The connection, while its transaction can take statements.
    pub(crate) fn open(&mut self) -> QueryResult<&mut GatedConnection> {
        if self.ends.is_some_and(|ends| ends <= Instant::now()) {
            self.unusable = Some(TIME_OVER);
        }
        let lost = self.gated.as_ref().and_then(|gated| gated.opener().lost());
        self.unusable = self.unusable.or(lost);
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

    /// From then on nothing more runs, and it cannot be committed.
    pub(crate) fn ends_at(&mut self, ends: Instant) {
        self.ends = Some(ends);
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

    /// Whether nothing was sent, so that there is nothing to end.
    fn unsent(&self) -> bool {
        self.gated.as_ref().is_some_and(|gated| gated.opener().unsent())
    }

    /// Commits what only read, without waiting for the answer: whoever comes next on the connection
    /// comes behind it, and finds out if it failed.
    pub(crate) fn let_go(mut self) {
        if self.open().is_ok_and(|gated| gated.post("COMMIT")) {
            self.give_back();
        }
    }

    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        let unsent = self.unsent();
        let connection = self.open().map_err(Error::from)?;
        if unsent {
            self.give_back();
            return Ok(());
        }
        let Err(source) = connection.batch_execute(COMMIT).await else {
            self.give_back();
            return Ok(());
        };
        // Diesel shows no SQLSTATE: an aborted transaction is known by what it answers next.
        if connection.batch_execute("SELECT 1").await.is_ok() {
            self.give_back();
            return Err(Error::Commit { tenant, source });
        }
        if connection.batch_execute("ROLLBACK").await.is_ok() {
            self.traces |= self.in_own_schema;
            self.give_back();
            return Err(Error::CommitAborted { tenant });
        }
        Err(Error::CommitUnknown { tenant, source })
    }

    pub(crate) async fn rollback(mut self) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        if self.unsent() {
            self.give_back();
            return Ok(());
        }
        let Some(gated) = &mut self.gated else {
            return Ok(());
        };
        match gated.batch_execute("ROLLBACK").await {
            Ok(()) => {
                self.traces |= self.in_own_schema;
                self.give_back();
                Ok(())
            }
            Err(source) => Err(Error::Rollback { tenant, source }),
        }
    }

    /// Sets a savepoint and goes one level down.
    pub(crate) async fn savepoint(&mut self) -> Result<(), Error> {
        let name = self.depth + 1;
        let tenant = self.tenant.clone();
        self.during(format!("SAVEPOINT tenant_{name}")).await.map_err(|source| match source {
            // The opening ahead of it was refused.
            DieselError::QueryBuilderError(_) => source.into(),
            source => Error::Begin { tenant, source },
        })?;
        self.depth = name;
        Ok(())
    }

    /// Keeps what was done since the savepoint, and runs `then` in the same message.
    pub(crate) async fn release(&mut self, then: &str) -> Result<(), Error> {
        let name = self.depth;
        let tenant = self.tenant.clone();
        if let Err(source) = self.during(format!("RELEASE SAVEPOINT tenant_{name}; {then}")).await {
            // A savepoint whose statements failed cannot be released. It is undone, so that the
            // outer transaction goes on, and the caller is told.
            self.undo().await?;
            return Err(match source {
                DieselError::DatabaseError(..) => Error::CommitAborted { tenant },
                source => Error::CommitUnknown { tenant, source },
            });
        }
        self.depth -= 1;
        Ok(())
    }

    /// Undoes what was done since the savepoint.
    pub(crate) async fn undo(&mut self) -> Result<(), Error> {
        let name = self.depth;
        let tenant = self.tenant.clone();
        self.during(format!(
            "ROLLBACK TO SAVEPOINT tenant_{name}; RELEASE SAVEPOINT tenant_{name}"
        ))
        .await
        .map_err(|source| Error::Rollback { tenant, source })?;
        self.traces |= self.in_own_schema;
        self.depth -= 1;
        Ok(())
    }

    /// Runs a message that changes the nesting; cancelled on the way, the transaction is unusable.
    async fn during(&mut self, message: String) -> QueryResult<()> {
        self.open()?;
        self.unusable = Some(
            "a nested transaction was cancelled while it began or ended; \
             begin a new one",
        );
        let result = match &mut self.gated {
            Some(gated) => gated.batch_execute(&message).await,
            None => Ok(()),
        };
        self.unusable = None;
        result
    }

    /// A nested transaction was left by neither of its two ways: nothing more runs, since what it
    /// did would be neither kept nor undone.
    pub(crate) fn poison(&mut self) {
        self.unusable = Some("a nested transaction in it was cancelled; begin a new one");
    }

    fn give_back(&mut self) {
        if let Some(gated) = self.gated.take() {
            let traces = self.traces || gated.tripped() || self.held.is_wanted();
            let object = gated.into_object();
            if traces {
                drop(Object::take(object));
            } else {
                drop(object);
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.unsent() {
            self.give_back();
        }
        if let Some(gated) = self.gated.take() {
            drop(Object::take(gated.into_object()));
        }
    }
}

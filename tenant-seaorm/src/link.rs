//! One connection for as long as one transaction lasts, and the handles that share it: the
//! transaction, its nested ones, and the views on it.
//!
//! Whatever is on its way when a call is dropped leaves a mark here before it is sent, so that
//! nobody goes on in a state that nobody knows.

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard as StdMutexGuard, PoisonError},
    time::Instant,
};

use futures_util::lock::{Mutex, MutexGuard};
use sea_orm::DbErr;
use sqlx::PgConnection;
use tenant_core::{
    TenantId,
    adapter::{COMMIT, SqlEffect, Watching},
};
use tracing::Span;

use crate::{
    Error,
    bind::Bind,
    hooks::Hooks,
    internals,
    nesting::{Level, Nesting, PARENT_ENDED, Place},
    pool::{Fate, Lent},
    watched,
};

const CANCELLED: &str = "a call that begins, ends or rolls back a transaction was dropped before \
     its answer came, so its state is unknown; begin a new transaction";
const LOST: &str = "its connection was lost; begin a new transaction";
const TIME_OVER: &str = "the access across tenants that it was opened with has ended, and what it did \
     is rolled back; ask for another one, with its reason";
const FOREIGN_ROW: &str = "a row of another tenant came back in it, so it is rolled back: the database \
     does not keep tenants apart";
const ENDED_BY_SQL: &str = "raw SQL ended it (COMMIT or ROLLBACK), and what ran afterwards ran \
     without a tenant; end it with `commit` or `rollback` instead";

/// What the handles of one transaction share.
pub(crate) struct Link {
    wire: Mutex<Wire>,
    nesting: StdMutex<Nesting>,
    /// `None` on a shared handle.
    tenant: Option<TenantId>,
    /// Sets the tenant again.
    bind: Option<Bind>,
    /// From when on no more statement is sent.
    ends: Option<Instant>,
    watching: Option<Watching>,
    pub(crate) hooks: Hooks,
    pub(crate) span: Span,
}

/// The connection and what is known about it.
pub(crate) struct Wire {
    lent: Lent,
    phase: Phase,
    /// A call was dropped while its answer was on the way.
    unsettled: bool,
    /// Something may be left on the connection when the transaction is over.
    traces: bool,
}

#[derive(Clone, Copy)]
enum Phase {
    Open,
    /// Nothing can be said of it; why.
    Unknown(&'static str),
    Ended,
}

/// Who sends a statement, and whether raw SQL was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) level: Level,
    unchecked: bool,
}

impl From<Level> for At {
    fn from(level: Level) -> Self {
        Self { level, unchecked: false }
    }
}

impl Level {
    pub(crate) fn unchecked(self) -> At {
        At { level: self, unchecked: true }
    }
}

impl Link {
    /// A transaction that has just been opened on this connection.
    ///
    /// A tenant comes with what sets it again.
    pub(crate) fn new(
        lent: Lent,
        bind: Option<Bind>,
        watching: Option<Watching>,
        hooks: Hooks,
        span: Span,
    ) -> Arc<Self> {
        let tenant = bind.as_ref().map(|bind| bind.tenant().clone());
        Arc::new(Self {
            wire: Mutex::new(Wire::open(lent)),
            nesting: StdMutex::default(),
            tenant,
            bind,
            ends: None,
            watching,
            hooks,
            span,
        })
    }

    /// A transaction across tenants, which ends with its scope.
    pub(crate) fn across(lent: Lent, ends: Instant, hooks: Hooks, span: Span) -> Arc<Self> {
        Arc::new(Self {
            wire: Mutex::new(Wire::open(lent)),
            nesting: StdMutex::default(),
            tenant: None,
            bind: None,
            ends: Some(ends),
            watching: None,
            hooks,
            span,
        })
    }

    /// Who watches what runs on it.
    pub(crate) fn watching(&self) -> Option<&Watching> {
        self.watching.as_ref()
    }

    /// Nothing can panic while it is locked.
    fn nesting(&self) -> StdMutexGuard<'_, Nesting> {
        self.nesting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the connection and brings it to where the handle at `level` may use it.
    pub(crate) async fn enter(&self, level: Level) -> Result<MutexGuard<'_, Wire>, Error> {
        if self.ends.is_some_and(|ends| ends <= Instant::now()) {
            return Err(Error::Closed { why: TIME_OVER });
        }
        if self.watching().is_some_and(Watching::tripped) {
            return Err(Error::Closed { why: FOREIGN_ROW });
        }
        self.enter_to_leave(level).await
    }

    /// The same at any time.
    async fn enter_to_leave(&self, level: Level) -> Result<MutexGuard<'_, Wire>, Error> {
        let mut wire = self.wire.lock().await;
        wire.settle().await?;
        let place = self.nesting().place(level)?;
        wire.traces |= self.nesting().traces;
        if let Place::Above(name) = place {
            self.roll_back_to(&mut wire, name).await?;
        }
        Ok(wire)
    }

    async fn roll_back_to(&self, wire: &mut Wire, name: u64) -> Result<(), Error> {
        let sql = format!("ROLLBACK TO SAVEPOINT tenant_{name}; RELEASE SAVEPOINT tenant_{name}");
        match wire.control(&sql).await {
            Ok(()) => {
                self.nesting().forget(name);
                Ok(())
            }
            Err(error) => {
                // The server refuses it only when the savepoint is gone.
                wire.phase =
                    Phase::Unknown(if internals::refusal(&error) { ENDED_BY_SQL } else { LOST });
                Err(Error::Rollback {
                    tenant: self.tenant.clone(),
                    source: internals::exec_err(error),
                })
            }
        }
    }

    /// Opens a savepoint in the handle at `level`.
    pub(crate) async fn nest(&self, level: Level, and_then: &str) -> Result<Level, DbErr> {
        let mut wire = self.enter(level).await?;
        let name = self.nesting().next_name();
        // Names are never used twice, so one that was left over is never mistaken for another.
        let sql = format!("SAVEPOINT tenant_{name}{and_then}");
        if let Err(error) = wire.control(&sql).await {
            let aborted = internals::sqlstate(&error).as_deref() == Some("25P02");
            if internals::refusal(&error) && !aborted {
                // The savepoint was made and what follows it was refused.
                self.roll_back_to(&mut wire, name).await?;
            }
            return Err(internals::query_err(error));
        }
        self.nesting().opened(name);
        Ok(Level::Savepoint(name))
    }

    pub(crate) async fn commit(&self, level: Level) -> Result<(), Error> {
        let mut wire = self.enter(level).await?;
        match level {
            Level::Root => match wire.control(COMMIT).await {
                Ok(()) => {
                    wire.phase = Phase::Ended;
                    Ok(())
                }
                Err(error) => {
                    let usable = internals::refusal(&error);
                    let error = self.not_committed(error);
                    if usable && wire.control("ROLLBACK").await.is_ok() {
                        wire.phase = Phase::Ended;
                    } else {
                        wire.phase = Phase::Unknown(LOST);
                    }
                    Err(error)
                }
            },
            Level::Savepoint(name) => {
                // A setting changed inside stays after the release: the tenant is set again.
                let bind = match &self.bind {
                    Some(bind) => format!("; {}", bind.sql()?),
                    None => String::new(),
                };
                match wire.control(&format!("RELEASE SAVEPOINT tenant_{name}{bind}")).await {
                    Ok(()) => {
                        self.nesting().forget(name);
                        Ok(())
                    }
                    Err(error) => {
                        let usable = internals::refusal(&error);
                        let error = self.not_committed(error);
                        if usable {
                            // If this fails, the whole transaction is marked and nobody goes on.
                            let _ = self.roll_back_to(&mut wire, name).await;
                        }
                        Err(error)
                    }
                }
            }
        }
    }

    fn not_committed(&self, error: sqlx::Error) -> Error {
        let tenant = self.tenant.clone();
        match internals::sqlstate(&error).as_deref() {
            Some("25P02") => Error::CommitAborted { tenant },
            // Not in a transaction block; no such savepoint.
            Some("25P01" | "3B001") => Error::Closed { why: ENDED_BY_SQL },
            _ if internals::refusal(&error) => {
                let source = internals::exec_err(error);
                if let Some(watching) = self.watching() {
                    watched::tell(watching, &source);
                }
                Error::Commit { tenant, source }
            }
            _ => Error::CommitUnknown { tenant, source: internals::exec_err(error) },
        }
    }

    pub(crate) async fn rollback(&self, level: Level) -> Result<(), Error> {
        let mut wire = self.enter_to_leave(level).await?;
        match level {
            Level::Root => {
                wire.control("ROLLBACK").await.map_err(|error| {
                    wire.phase = Phase::Unknown(LOST);
                    Error::Rollback {
                        tenant: self.tenant.clone(),
                        source: internals::exec_err(error),
                    }
                })?;
                wire.phase = Phase::Ended;
                Ok(())
            }
            Level::Savepoint(name) => self.roll_back_to(&mut wire, name).await,
        }
    }

    /// The handle at this level is gone. Costs nothing: whoever comes next rolls back.
    pub(crate) fn dropped(&self, level: Level) {
        self.nesting().dropped(level);
    }

    /// The connection is closed after the transaction, whatever else runs on it.
    pub(crate) fn mark_traces(&self) {
        self.nesting().traces = true;
    }
}

impl Wire {
    fn open(lent: Lent) -> Self {
        Self { lent, phase: Phase::Open, unsettled: false, traces: false }
    }

    /// The connection, for one statement. Call [`settled`](Self::settled) when its answer is in.
    ///
    /// What could switch the tenant or leave it is refused unless it was asked for.
    pub(crate) fn send(&mut self, at: At, sql: &str) -> Result<&mut PgConnection, DbErr> {
        let effect = SqlEffect::of(sql);
        if effect == SqlEffect::Controls && !at.unchecked {
            return Err(Error::RawSql {
                why: "it changes settings, the role or the schema, begins or ends transactions, or \
                      runs SQL that cannot be seen, and so could leave the tenant; if it must, use `tx.raw_unchecked(\"reason\")`",
            }
            .into());
        }
        self.traces |= effect != SqlEffect::Contained;
        self.unsettled = true;
        self.lent.conn().map_err(internals::exec_err)
    }

    /// Nobody gets the connection when the transaction is over.
    pub(crate) fn close_afterwards(&mut self) {
        self.traces = true;
    }

    /// The answer to the last statement is in.
    pub(crate) fn settled(&mut self, failed: Option<&sqlx::Error>) {
        self.unsettled = false;
        // A statement that was prepared for other tables, of another tenant's schema or from before a
        // migration, is refused each time.
        self.traces |= failed.is_some_and(internals::stale_plan);
        if failed.is_some_and(internals::dead) {
            self.phase = Phase::Unknown(LOST);
        }
    }

    async fn settle(&mut self) -> Result<(), Error> {
        match self.phase {
            Phase::Open => {}
            Phase::Unknown(why) => return Err(Error::Closed { why }),
            Phase::Ended => return Err(Error::Closed { why: PARENT_ENDED }),
        }
        if self.unsettled {
            let settled = match self.lent.conn() {
                Ok(conn) => internals::settle(conn).await,
                Err(error) => Err(error),
            };
            if settled.is_err() {
                self.phase = Phase::Unknown(LOST);
                return Err(Error::Closed { why: LOST });
            }
            self.unsettled = false;
        }
        Ok(())
    }

    /// Sends what begins, ends or rolls back. If this is dropped half-way, nobody goes on.
    async fn control(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.phase = Phase::Unknown(CANCELLED);
        let result = internals::message(self.lent.conn()?, sql).await;
        match &result {
            Err(error) if !internals::refusal(error) => self.phase = Phase::Unknown(LOST),
            _ => self.phase = Phase::Open,
        }
        result
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.lent.on_drop(match self.phase {
            _ if self.traces => Fate::Close,
            Phase::Open => Fate::RollBack { unsettled: self.unsettled },
            Phase::Unknown(_) => Fate::Close,
            Phase::Ended => Fate::Reuse,
        });
    }
}

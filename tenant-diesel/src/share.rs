//! A pool's part in the connections over many databases.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Pool};
use tenant_core::adapter::{Member, Resting, Slot, Turn};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::Error;

/// The slots of the connections that deadpool has, which makes and drops them out of sight: there are
/// as many as it has connections, and one more for each caller that is about to get one.
pub(crate) struct Share {
    member: Member,
    /// deadpool's own line, taken before the one of all databases.
    own: Arc<Semaphore>,
    pool: Pool<AsyncPgConnection>,
    slots: Mutex<Slots>,
    /// How long a caller waits in line.
    wait: Duration,
    max: u32,
}

struct Slots {
    held: Vec<Slot>,
    /// Callers on their way to a connection.
    pending: usize,
    /// Those of them that were told to take one that rests.
    reusing: usize,
}

/// What whoever borrows a connection holds, where there are many databases.
#[derive(Default)]
pub(crate) struct Held(Option<Turns>);

struct Turns {
    share: Arc<Share>,
    _own: OwnedSemaphorePermit,
    _turn: Turn,
}

/// Somebody on the way to a connection.
struct Pending<'s> {
    share: &'s Share,
    reuses: bool,
}

impl Share {
    pub(crate) fn new(pool: Pool<AsyncPgConnection>, member: Member, wait: Duration) -> Arc<Self> {
        let slots = Slots { held: Vec::new(), pending: 0, reusing: 0 };
        let max = pool.status().max_size;
        let share = Arc::new(Self {
            own: Arc::new(Semaphore::new(max)),
            member,
            slots: Mutex::new(slots),
            wait,
            max: u32::try_from(max).unwrap_or(u32::MAX),
            pool,
        });
        let resting: Weak<Self> = Arc::downgrade(&share);
        share.member.register(resting);
        share
    }

    /// Whether nobody has a connection, or waits for one.
    pub(crate) fn is_idle(&self) -> bool {
        self.own.available_permits() == self.max as usize
    }

    /// deadpool was closed: what rested is gone.
    pub(crate) fn close(&self) {
        self.own.close();
        self.settle();
    }

    /// Waits in line, and then for the leave to connect, if none rests. `get` gets the connection.
    pub(crate) async fn acquire<T>(
        self: &Arc<Self>,
        get: impl Future<Output = Result<T, Error>>,
    ) -> Result<(T, Held), Error> {
        let turns = self.in_time(async {
            let own = self.own.clone().acquire_owned().await?;
            let turn = self.member.turn().await?;
            Ok(Turns { share: self.clone(), _own: own, _turn: turn })
        });
        let turns = turns.await?;
        let pending = self.pending();
        if !pending.reuses {
            let slot = self.in_time(self.member.slot()).await?;
            self.slots().held.push(slot);
        }
        let got = get.await?;
        drop(pending);
        Ok((got, Held(Some(turns))))
    }

    async fn in_time<T>(
        &self,
        wait: impl Future<Output = Result<T, AcquireError>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        timeout(self.wait, wait)
            .await
            .map_err(|_| self.member.exhausted(self.max, started.elapsed()))?
            .map_err(|_| Error::CLOSED)
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> Pending<'_> {
        let mut slots = self.slots();
        slots.pending += 1;
        // Who takes which does not matter: there are as many connections and slots in the end.
        let reuses = self.resting() > slots.reusing;
        slots.reusing += usize::from(reuses);
        Pending { share: self, reuses }
    }

    /// How many connections rest. deadpool's `available` leaves out as many as are being made.
    fn resting(&self) -> usize {
        self.pool.retain(|_, _| true).retained
    }

    /// Gives up the slots of connections that are gone.
    fn settle(&self) {
        let gone = {
            let mut slots = self.slots();
            let needed = (self.pool.status().size + slots.pending).min(slots.held.len());
            slots.held.split_off(needed)
        };
        drop(gone);
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        {
            let mut slots = self.share.slots();
            slots.pending -= 1;
            slots.reusing -= usize::from(self.reuses);
        }
        self.share.settle();
        // What was spoken for, and is not taken, may be closed.
        self.share.member.rested();
    }
}

impl Held {
    /// Whether somebody waits for a connection that could be had for this one.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.as_ref().is_some_and(|turns| turns.share.member.is_wanted())
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        // The connection rests by now, or is gone.
        self.share.settle();
        self.share.member.rested();
    }
}

impl Resting for Share {
    fn rests_since(&self) -> Option<Instant> {
        let spoken_for = self.slots().reusing;
        let (mut resting, mut first) = (0, None);
        // deadpool has what rested longest in front.
        self.pool.retain(|_, metrics| {
            resting += 1;
            first.get_or_insert(metrics.recycled.unwrap_or(metrics.created));
            true
        });
        first.filter(|_| resting > spoken_for)
    }

    fn close_one(&self) -> bool {
        let closed = {
            let slots = self.slots();
            let mut close = self.resting() > slots.reusing;
            self.pool.retain(|_, _| !std::mem::take(&mut close))
        };
        let any = !closed.removed.is_empty();
        drop(closed);
        self.settle();
        any
    }
}

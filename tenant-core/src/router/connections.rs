use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use crate::Error;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The connections over all databases: how many there are, and whose turn it is.
///
/// Two counts, so that nobody waits for ever. A **turn** is the right to work with a connection; turns
/// are given in the order in which they were asked for, whatever the database. A **slot** is a
/// connection itself, at work, at rest or on its way out. There are as many of the one as of the
/// other, so whoever has a turn and finds no slot knows that one is at rest, or will be: it closes
/// the one that rested longest, and while it waits, what comes back is closed and does not rest.
///
/// A pool asks for its own limit first, then for a turn, then for a slot, and nobody who holds the
/// later asks for the earlier.
pub struct Connections {
    max: usize,
    turns: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    /// How many wait for a slot.
    wanted: AtomicUsize,
    closed_for_others: AtomicU64,
    pools: Mutex<Vec<Weak<dyn Resting>>>,
}

/// A pool, as far as its connections at rest go.
pub trait Resting: Send + Sync {
    /// Since when the one rests that rested longest; `None` where none does.
    fn rests_since(&self) -> Option<Instant>;
    /// Closes that one, with its slot. `false` where none rests any more.
    fn close_one(&self) -> bool;
}

/// The right to work with a connection.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// One connection. Drop it when the connection is closed, not before.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// A pool's part in them.
#[derive(Debug, Clone)]
pub struct Member {
    all: Arc<Connections>,
}

impl Connections {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            turns: Arc::new(Semaphore::new(max)),
            slots: Arc::new(Semaphore::new(max)),
            wanted: AtomicUsize::new(0),
            closed_for_others: AtomicU64::new(0),
            pools: Mutex::default(),
        })
    }

    /// For a pool that is being opened.
    pub fn member(self: &Arc<Self>) -> Member {
        Member { all: self.clone() }
    }

    pub(super) fn max(&self) -> usize {
        self.max
    }

    pub(super) fn open(&self) -> usize {
        self.max - self.slots.available_permits()
    }

    pub(super) fn lent(&self) -> usize {
        self.max - self.turns.available_permits()
    }

    pub(super) fn closed_for_others(&self) -> u64 {
        self.closed_for_others.load(SeqCst)
    }

    /// Closes the connection that rested longest, in whichever pool.
    fn close_one(&self) {
        loop {
            let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.retain(|pool| pool.strong_count() > 0);
            let resting = pools.iter().filter_map(Weak::upgrade);
            let first = resting.filter_map(|pool| Some((pool.rests_since()?, pool)));
            let first = first.min_by_key(|(since, _)| *since);
            // A pool whose last handle this is closes its connections, which must not wait for us.
            drop(pools);
            match first {
                None => return,
                Some((_, pool)) if pool.close_one() => {
                    self.closed_for_others.fetch_add(1, SeqCst);
                    return;
                }
                // Somebody took it meanwhile.
                Some(_) => {}
            }
        }
    }
}

/// Says, as long as it lives, that somebody waits.
pub(super) struct Wanted<'c>(&'c AtomicUsize);

impl<'c> Wanted<'c> {
    pub(super) fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Member {
    /// From now on the pool is asked to close what rests in it.
    pub fn register(&self, pool: Weak<dyn Resting>) {
        self.all.pools.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
    }

    /// Waits in line, for as long as the caller does.
    ///
    /// # Errors
    /// Never: the line is not closed.
    ///
    /// # Cancellation
    /// Dropped, the place in the line is given up.
    pub async fn turn(&self) -> Result<Turn, AcquireError> {
        let permit = self.all.turns.clone().acquire_owned().await?;
        Ok(Turn { _permit: permit })
    }

    /// The leave to connect, for whoever has a [`Turn`].
    ///
    /// # Errors
    /// As [`turn`](Self::turn).
    ///
    /// # Cancellation
    /// As [`turn`](Self::turn).
    pub async fn slot(&self) -> Result<Slot, AcquireError> {
        if let Ok(permit) = self.all.slots.clone().try_acquire_owned() {
            return Ok(Slot { _permit: permit });
        }
        // Before the look at what rests: what comes back after that look is not laid to rest.
        let _wanted = Wanted::new(&self.all.wanted);
        self.all.close_one();
        let permit = self.all.slots.clone().acquire_owned().await?;
        Ok(Slot { _permit: permit })
    }

    /// What to say to whoever waited too long: in the pool's own line, of this many, or in that of all
    /// databases.
    pub fn exhausted(&self, own: u32, waited: Duration) -> Error {
        Error::ConnectionsExhausted { own, all: self.all.max, waited }
    }

    /// Whether somebody waits for a slot, so that a connection that comes back should be closed. Ask
    /// when it can be found by [`Resting::close_one`], or under the lock that this takes.
    pub fn is_wanted(&self) -> bool {
        self.all.wanted.load(SeqCst) > 0
    }

    /// Lays nobody to rest while somebody waits: what was laid meanwhile is closed. For pools whose
    /// connections come to rest out of sight.
    pub fn rested(&self) {
        if self.is_wanted() {
            self.all.close_one();
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("open", &self.open())
            .field("lent", &self.lent())
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool whose connections rest in a list.
    struct Pool {
        member: Member,
        rest: Mutex<Vec<(Instant, Slot)>>,
    }

    impl Pool {
        fn new(all: &Arc<Connections>) -> Arc<Self> {
            let pool = Arc::new(Self { member: all.member(), rest: Mutex::default() });
            let resting: Weak<Self> = Arc::downgrade(&pool);
            pool.member.register(resting);
            pool
        }

        async fn work(&self) {
            let turn = self.member.turn().await.unwrap();
            let rested = self.rest.lock().unwrap().pop();
            let slot = match rested {
                Some((_, slot)) => slot,
                None => self.member.slot().await.unwrap(),
            };
            tokio::task::yield_now().await;
            {
                let mut rest = self.rest.lock().unwrap();
                if !self.member.is_wanted() {
                    rest.push((Instant::now(), slot));
                }
            }
            drop(turn);
        }
    }

    impl Resting for Pool {
        fn rests_since(&self) -> Option<Instant> {
            self.rest.lock().unwrap().first().map(|(since, _)| *since)
        }

        fn close_one(&self) -> bool {
            let mut rest = self.rest.lock().unwrap();
            let any = !rest.is_empty();
            if any {
                drop(rest.remove(0));
            }
            any
        }
    }

    #[tokio::test]
    async fn a_hundred_pools_over_forty_connections_all_work_and_never_have_more() {
        let all = Connections::new(40);
        let pools: Vec<_> = (0..100).map(|_| Pool::new(&all)).collect();
        for _ in 0..20 {
            futures_util::future::join_all(pools.iter().chain(&pools).map(|pool| pool.work())).await;
            assert!(all.open() <= 40 && all.lent() == 0);
        }
        assert!(all.closed_for_others() > 0);
    }

    #[tokio::test]
    async fn turns_are_given_in_the_order_in_which_they_were_asked_for() {
        let all = Connections::new(1);
        let member = all.member();
        let held = member.turn().await.unwrap();
        let order = Mutex::new(Vec::new());
        let wait = async |n: u32| {
            let _turn = member.turn().await.unwrap();
            order.lock().unwrap().push(n);
        };
        let free = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        tokio::join!(wait(1), wait(2), wait(3), free);
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn what_rested_longest_goes_first() {
        let all = Connections::new(2);
        let (old, new, third) = (Pool::new(&all), Pool::new(&all), Pool::new(&all));
        old.work().await;
        new.work().await;
        third.work().await;
        assert!(old.rests_since().is_none() && new.rests_since().is_some());
    }
}

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::{Duration, Instant},
};

use crate::Error;
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    task::coop::unconstrained,
};

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
pub(super) struct Connections {
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

/// One pool's part in the connections over all databases. It goes when the pool has ended its last
/// transaction, and with it the pool's place among those that may be open.
pub struct Member {
    all: Arc<Connections>,
    connect_timeout: Duration,
    /// None for the pool that is always open.
    _room: Option<OwnedSemaphorePermit>,
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

    pub(super) fn member(
        self: &Arc<Self>,
        connect_timeout: Duration,
        room: Option<OwnedSemaphorePermit>,
    ) -> Member {
        Member { all: self.clone(), connect_timeout, _room: room }
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
            let resting: Vec<_> = pools.iter().filter_map(Weak::upgrade).collect();
            // A pool whose last handle this is closes its connections, which must not wait for us.
            drop(pools);
            let since = |pool: Arc<dyn Resting>| Some((pool.rests_since()?, pool));
            let first = resting.into_iter().filter_map(since).min_by_key(|(since, _)| *since);
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
struct Wanted<'c>(&'c AtomicUsize);

impl<'c> Wanted<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Waits in line, and has something set free once it stands there: so what is set free is not taken by
/// somebody who came later. What that gives is held until the wait is over.
pub(super) async fn in_line<T>(
    semaphore: &Arc<Semaphore>,
    set_free: impl FnOnce() -> T,
) -> Result<OwnedSemaphorePermit, AcquireError> {
    // A caller whose budget is spent would be told to wait where nobody does.
    let mut permit = pin!(unconstrained(semaphore.clone().acquire_owned()));
    let asked = poll_fn(|context| Poll::Ready(permit.as_mut().poll(context))).await;
    if let Poll::Ready(permit) = asked {
        return permit;
    }
    let _held = set_free();
    permit.await
}

impl Member {
    /// From now on the pool is asked to close what rests in it.
    pub fn register(&self, pool: Weak<dyn Resting>) {
        self.all.pools.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
    }

    /// How long a connection, the start-up check and the answer to `BEGIN` may take.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
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
        let all = &self.all;
        let set_free = || {
            // Before the look at what rests: what comes back after that look is not laid to rest.
            let wanted = Wanted::new(&all.wanted);
            all.close_one();
            wanted
        };
        let permit = in_line(&all.slots, set_free).await?;
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

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)
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
    use futures_util::FutureExt as _;

    use super::*;

    /// A pool whose connections rest in a list.
    struct Pool {
        member: Member,
        rest: Mutex<Vec<(Instant, Slot)>>,
    }

    fn member(all: &Arc<Connections>) -> Member {
        all.member(Duration::from_secs(1), None)
    }

    impl Pool {
        fn new(all: &Arc<Connections>) -> Arc<Self> {
            let pool = Arc::new(Self { member: member(all), rest: Mutex::default() });
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
            futures_util::future::join_all(pools.iter().chain(&pools).map(|pool| pool.work()))
                .await;
            assert!(all.open() <= 40 && all.lent() == 0);
        }
        assert!(all.closed_for_others() > 0);
    }

    #[tokio::test]
    async fn turns_are_given_in_the_order_in_which_they_were_asked_for() {
        let all = Connections::new(1);
        let member = member(&all);
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

    #[tokio::test]
    async fn what_is_closed_for_one_is_not_taken_by_the_next() {
        let all = Connections::new(2);
        let (one, two) = (Pool::new(&all), Pool::new(&all));
        one.work().await;
        two.work().await;
        // Two turns, two connections at rest elsewhere: each has one closed, and neither waits for
        // the other's work to end.
        let (a, b) = (member(&all), member(&all));
        let (slot, another) = tokio::join!(a.slot(), b.slot());
        assert!(slot.is_ok() && another.is_ok());
        assert!(one.rests_since().is_none() && two.rests_since().is_none());
    }

    #[tokio::test]
    async fn nothing_is_closed_for_a_caller_whose_budget_is_spent() {
        let all = Connections::new(2);
        let pool = Pool::new(&all);
        pool.work().await;
        while tokio::task::coop::has_budget_remaining() {
            tokio::task::coop::consume_budget().await;
        }
        let member = member(&all);
        let _slot = member.slot().await.unwrap();
        assert!(pool.rests_since().is_some());
    }

    #[tokio::test]
    async fn who_leaves_the_line_leaves_nothing_behind() {
        let all = Connections::new(1);
        let member = member(&all);
        let held = (member.turn().await.unwrap(), member.slot().await.unwrap());
        {
            let (mut turn, mut slot) = (pin!(member.turn()), pin!(member.slot()));
            assert!(turn.as_mut().now_or_never().is_none());
            assert!(slot.as_mut().now_or_never().is_none());
            assert!(member.is_wanted());
        }
        assert!(!member.is_wanted());
        drop(held);
        assert_eq!((all.lent(), all.open()), (0, 0));
    }
}

//! What a tenant's requests must be told, over time.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    Suspended,
    Erased,
}

/// From when on it may, and until when it must have been so.
#[derive(Debug)]
struct Phase {
    standing: Standing,
    since: Instant,
    until: Option<Instant>,
}

impl Phase {
    fn beginning(standing: Standing) -> Self {
        Self { standing, since: Instant::now(), until: None }
    }
}

#[derive(Debug)]
pub(crate) struct Standings(Mutex<Vec<Phase>>);

impl Standings {
    /// Active.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(vec![Phase::beginning(Standing::Active)]))
    }

    /// Runs what changes it; until that has ended, the one of before may be told, too.
    pub(crate) async fn change<T>(&self, standing: Standing, by: impl Future<Output = T>) -> T {
        self.0.lock().unwrap().push(Phase::beginning(standing));
        let done = by.await;
        if let [.., before, _] = self.0.lock().unwrap().as_mut_slice() {
            before.until = Some(Instant::now());
        }
        done
    }

    /// Whether this may be told now to a request that was sent then, when it may take so long until a
    /// change is heard.
    pub(crate) fn may_be(&self, standing: Standing, sent: Instant, patience: Duration) -> bool {
        let (phases, now) = (self.0.lock().unwrap(), Instant::now());
        phases.iter().any(|phase| {
            phase.standing == standing
                && phase.since <= now
                && phase.until.is_none_or(|until| until + patience >= sent)
        })
    }

    pub(crate) fn last(&self) -> Standing {
        self.0.lock().unwrap().last().map_or(Standing::Active, |phase| phase.standing)
    }
}

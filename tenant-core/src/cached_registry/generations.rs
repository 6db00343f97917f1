//! What makes a cached answer old: a count that is part of its key.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use crate::TenantId;

/// So many tenants share a count that an invalidation costs others a miss in few cases.
const STRIPES: usize = 4096;

/// The generation that an answer about a tenant is of. An answer is looked up under the generation of
/// the moment, so one whose loading began before an invalidation is never found after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Generation {
    all: u64,
    own: u64,
}

/// Counts of a fixed size, whatever ids somebody sends.
pub(super) struct Generations {
    all: AtomicU64,
    stripes: Box<[AtomicU64]>,
    /// Every invalidation.
    changes: AtomicU64,
    /// Random, so that nobody can choose ids that share another's count.
    hasher: RandomState,
}

impl Generations {
    pub(super) fn new() -> Self {
        Self {
            all: AtomicU64::new(0),
            stripes: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(),
            changes: AtomicU64::new(0),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn of(&self, id: &TenantId) -> Generation {
        let own = self.stripe(id).map_or(0, |own| own.load(SeqCst));
        Generation { all: self.all.load(SeqCst), own }
    }

    /// How many invalidations there have been of anything.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(SeqCst)
    }

    pub(super) fn invalidate(&self, id: &TenantId) {
        if let Some(own) = self.stripe(id) {
            own.fetch_add(1, SeqCst);
        }
        self.changes.fetch_add(1, SeqCst);
    }

    pub(super) fn invalidate_all(&self) {
        self.all.fetch_add(1, SeqCst);
        self.changes.fetch_add(1, SeqCst);
    }

    fn stripe(&self, id: &TenantId) -> Option<&AtomicU64> {
        let at = self.hasher.hash_one(id) % (STRIPES as u64);
        self.stripes.get(usize::try_from(at).ok()?)
    }
}

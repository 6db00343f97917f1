//! Which handles of one transaction are alive, and where each of them stands.

use crate::Error;

const NESTED_OPEN: &str = "a transaction nested in it is still open; commit it, roll it back or \
     drop it first";
pub(crate) const PARENT_ENDED: &str = "the transaction around it has ended, and this one with it";

/// Which handles are alive.
#[derive(Default)]
pub(crate) struct Nesting {
    savepoints: Vec<Savepoint>,
    names: u64,
    root_ended: bool,
    /// Raw SQL ran on one of them.
    pub(crate) traces: bool,
}

struct Savepoint {
    name: u64,
    dropped: bool,
}

/// Where a handle stands: the transaction itself, or a savepoint in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Root,
    Savepoint(u64),
}

/// What a handle has to do before it may send.
pub(crate) enum Place {
    Here,
    /// Handles above were dropped: roll back to this savepoint first.
    Above(u64),
}

impl Nesting {
    pub(crate) fn next_name(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    pub(crate) fn place(&self, level: Level) -> Result<Place, Error> {
        let above = match level {
            Level::Root => 0,
            Level::Savepoint(name) => {
                let at = self.savepoints.iter().position(|s| s.name == name);
                let at = at.ok_or(Error::Closed { why: PARENT_ENDED })?;
                if self.savepoints[..at].iter().any(|s| s.dropped) {
                    return Err(Error::Closed { why: PARENT_ENDED });
                }
                at + 1
            }
        };
        if self.root_ended {
            return Err(Error::Closed { why: PARENT_ENDED });
        }
        match self.savepoints.get(above) {
            None => Ok(Place::Here),
            Some(next) if next.dropped => Ok(Place::Above(next.name)),
            Some(_) => Err(Error::Closed { why: NESTED_OPEN }),
        }
    }

    /// The savepoint of this name was made.
    pub(crate) fn opened(&mut self, name: u64) {
        self.savepoints.push(Savepoint { name, dropped: false });
    }

    /// The handle at this level is gone. Costs nothing: whoever comes next rolls back.
    pub(crate) fn dropped(&mut self, level: Level) {
        match level {
            Level::Root => self.root_ended = true,
            Level::Savepoint(name) => {
                for savepoint in &mut self.savepoints {
                    savepoint.dropped |= savepoint.name == name;
                }
            }
        }
    }

    /// The savepoint is gone, and all above it.
    pub(crate) fn forget(&mut self, name: u64) {
        if let Some(at) = self.savepoints.iter().position(|s| s.name == name) {
            self.savepoints.truncate(at);
        }
    }
}

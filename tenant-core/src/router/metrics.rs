use serde::Serialize;

/// What a pool over many databases holds right now, and what it has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct RouterMetrics {
    /// Databases with a pool, beyond that of the URL.
    pub pools: usize,
    /// How many there may be.
    pub max_pools: usize,
    /// Connections, those at rest and those that are being closed included.
    pub connections: usize,
    /// Connections that work for somebody.
    pub lent: usize,
    /// How many there may be.
    pub max_connections: usize,
    /// Pools that were opened.
    pub opened: u64,
    /// Pools that were closed to make room.
    pub evicted: u64,
    /// Connections at rest that were closed to make room.
    pub closed_for_others: u64,
    /// Times that a database could not be reached.
    pub unreachable: u64,
    /// Calls that were told so without trying.
    pub told_at_once: u64,
    /// Databases that count as down.
    pub down: usize,
}

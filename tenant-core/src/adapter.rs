//! For whoever writes an adapter to another ORM or driver: what `tenant-seaorm` and `tenant-diesel` are
//! made of. An application wants none of it.
//!
//! What a pool asks before it opens ([`StartupCheck`], [`PoolerCheck`]); the messages that open and end a
//! transaction ([`Opening`], [`AdminOpening`], [`COMMIT`]); what looks at a statement and at the rows that
//! come back ([`SqlEffect`], [`TableScan`], [`Watch`]); and the pools of many databases ([`Router`]).
//!
//! They render, and look. That nobody else gets at the connection between an opening and its end, and that
//! one is closed whose transaction did not end as it should, is the adapter's to see to.
//!
//! # Stability
//! It is made for adapters of the same minor version: the next one may change any of it, after 1.0, too.

pub use crate::{
    audit::Refusal,
    check::IsolationCheck,
    fleet::target_address,
    opening::{AdminOpening, COMMIT, GUARD, Opening, OpeningOptions},
    pooler::{CLEAR_NUMBERED, PoolerCheck, PoolerStep},
    router::{Member, Resting, Routed, Router, Slot, Turn},
    scan::{SqlEffect, TableScan},
    startup::StartupCheck,
    tripwire::{Cell, RowCheck, Watch, WatchedRow, Watching},
};

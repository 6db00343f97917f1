//! tenant-diesel against a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod blocking;
mod cancellation;
mod connection;
mod deferred;
mod errors;
mod for_tenant;
mod gate;
mod one;
mod raw;
mod read;
mod round_trips;
mod schema;
mod shared;
mod transaction;

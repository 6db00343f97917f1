//! tenant-diesel against a real PostgreSQL.

mod cancellation;
mod connection;
mod errors;
mod gate;
mod raw;
mod round_trips;
mod schema;
mod shared;
mod transaction;

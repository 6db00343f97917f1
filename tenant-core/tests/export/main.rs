//! A tenant's rows to files and back, against a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixture;
mod round_trip;

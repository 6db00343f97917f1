//! A tenant's rows to files and back, against a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod elsewhere;
mod files;
mod fixture;
mod hostile;
mod imports;
mod proofs;
mod round_trip;
mod sequences;
mod texts;

//! What is installed where Citus distributes a database. There is no cluster here, so the SQL is
//! compared with what was reviewed, and run against an imitation of Citus's catalogue; the tests
//! against a cluster are in `tests/tests/citus`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod given_back;
mod golden;
mod installed;
mod opened;
mod refused;

//! Databases that nobody here designed, told apart: Sakila and Chinook; and the cases that have to be
//! asked about.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that panics has failed

mod asked;
mod fixture;
mod installed;
mod samples;
mod watch;

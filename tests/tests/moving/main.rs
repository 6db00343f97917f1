//! A tenant moves while its clients write, through both ORMs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod diesel_client;
mod ledger;
mod seaorm_client;
mod world;

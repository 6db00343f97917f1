//! The real program, as a new user would try it: at a terminal and in a pipe. What it prints is in
//! `tests/said`; to write it anew: `TENANT_WRITE_DOCS=1 cargo test -p tenant-cli --test cli`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that panics has failed

mod adopt;
mod adopted;
mod audit;
mod docs;
mod doctor;
mod elsewhere;
mod every;
mod file;
mod install;
mod interrupt;
mod look;
mod migrate;
mod migration;
mod moving;
mod operators;
mod revert;
mod sakila;
mod shop;
mod templates;
mod tenants;
mod terminal;
mod verify;
mod watch;
mod wrong;

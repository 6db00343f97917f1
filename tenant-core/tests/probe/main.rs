//! The breach probe, against real databases: whole ones, and ones with a wall taken away.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod clean;
mod edges;
mod fixture;
mod twins;

//! `Isolation` against a real PostgreSQL: what it installs, what it finds changed, what it gives back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod column;
mod diff;
mod fixture;
mod given_back;
mod installers;
mod leakproof;
mod locks;
mod notes;
mod partitions;
mod plan;
mod policies;
mod revokes;
mod roles;
mod search;
mod search_attacks;
mod sources;
mod views;
mod writers;

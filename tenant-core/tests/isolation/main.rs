//! `Isolation` against a real PostgreSQL: what it installs, what it finds changed, what it gives back.

mod diff;
mod fixture;
mod given_back;
mod locks;
mod partitions;
mod plan;
mod policies;
mod revokes;
mod roles;
mod sources;
mod views;
mod writers;

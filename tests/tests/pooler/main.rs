//! Behind a pooler that hands its connections on: whatever the others left there, each transaction
//! sees its own tenant's rows and no statement fails.
//!
//! `cargo test -p tenant-tests --test pooler -- --ignored bouncer`, with `PgBouncer` installed; and with
//! `PGBOUNCER_NEWER` naming one of 1.21 or newer, what that one keeps is tried, too.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod sessions;
mod startup;
mod statements;
mod stress;

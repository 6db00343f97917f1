//! A tenant's life against a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod erasure;
mod fixture;
mod place;
mod quotas;
mod spares;
mod tenants;

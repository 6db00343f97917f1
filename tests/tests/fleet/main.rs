//! Migrations over all tenants, with both ORMs, against a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod kills;
mod runners;
mod stops;
mod whole;

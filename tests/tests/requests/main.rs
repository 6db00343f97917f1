//! tenant-axum in front of a real PostgreSQL, through both adapters.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
mod counted;
mod statuses;

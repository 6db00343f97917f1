//! Tenants in shared tables, in schemas and in databases of their own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
mod bouncer;
mod crowd;
mod databases;
mod diesel_app;
mod everywhere;
mod outages;
mod path;
mod reports;
mod roles;
mod seaorm_app;
mod statements;
mod types;
mod world;

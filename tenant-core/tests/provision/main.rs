//! Schemas and databases for tenants, against a real PostgreSQL: made like a template, kept in stock,
//! saved, brought back, dropped.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backup;
mod databases;
mod drops;
mod fixture;
mod refusals;
mod schemas;
mod spares;

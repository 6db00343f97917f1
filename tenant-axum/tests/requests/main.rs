//! Requests through the layer, into a handler that wants a tenant.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may

mod fixture;
mod garbage;
mod keys;
mod located;
mod published;
mod revoked;
mod service;
mod signer;
mod statuses;
mod tokens;

//! What lint finds in real databases, and what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod examples;
mod fixture;
mod undone;

//! What the tests share: a small shop with plans, features, projects and invoices.

// It is the tests' own: a failure here is a failing test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod bouncer;
pub mod cancel;
pub mod shop;

//! What the tests share: a small shop with plans, features, projects and invoices.

pub mod cancel;
pub mod shop;

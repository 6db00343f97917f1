//! Work across tenants, through both adapters.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ends;
mod fixture;
mod logins;
mod reads;
mod record;
mod writes;

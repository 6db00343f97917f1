//! Work across tenants, what a tenant may have, and what is recorded of it, through both adapters.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ends;
mod fixture;
mod logins;
mod quotas;
mod reads;
mod record;
mod tripwire;
mod writes;

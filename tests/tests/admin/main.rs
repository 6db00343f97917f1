//! Work across tenants, and what a tenant may have, through both adapters.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ends;
mod fixture;
mod logins;
mod quotas;
mod reads;
mod record;
mod writes;

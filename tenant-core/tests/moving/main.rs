//! Tenants that go elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod catch_up;
mod fixture;
mod freeze;
mod installed;
mod kills;
mod meddling;
mod noted;
mod past_the_freeze;
mod refused;
mod replaced;
mod there_and_back;

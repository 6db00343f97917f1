//! Wall 4: SQL that an attacker got into a tenant's transaction cannot switch the tenant, through
//! either adapter. Each attack has a twin without the seal, where it succeeds.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod activity;
mod attacks;
mod bouncer;
mod fixture;
mod guard;
mod keys;
mod life;
mod plans;
mod replay;

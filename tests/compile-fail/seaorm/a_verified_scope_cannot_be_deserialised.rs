//! What arrives in a payload is a claim.
//!
//! error: a verified scope cannot be serialised or deserialised
//! help: verify it where it arrives

#![allow(unused)]

use sea_orm::{ActiveValue::Set, entity::*, query::*};
use shop::*;
use tenant_seaorm::*;

fn f(payload: &str) -> serde_json::Result<()> {
    let scope: TenantScope<Verified> = serde_json::from_str(payload)?; //~ fail
    let scope: TenantScope<Unverified> = serde_json::from_str(payload)?; //~ twin
    Ok(())
}

fn main() {}
